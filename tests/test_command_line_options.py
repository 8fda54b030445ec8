"""An option that would do nothing is refused in words that say what goes with it."""

from pathlib import Path

import pytest
from test_command_line import builder

from builder.project import load_preset
from builder.runs.store import default_store


@pytest.fixture
def project() -> str:
    """A project of two versions, whose number of epochs has changed."""
    store, document = default_store(), load_preset("images/cnn").to_json()
    project_id = store.create_project(document)
    store.save_project(project_id, {**document, "training": {**document["training"], "epochs": 77}})
    return project_id


@pytest.fixture
def run(project: str) -> str:
    """A run of that project."""
    return default_store().create_run(project, default_store().project(project).document)


def test_a_file_for_no_preset_is_refused(tmp_path: Path) -> None:
    words = builder("presets", "-o", tmp_path / "mine.json", code=2).stderr
    assert "--output would do nothing" in words and "no preset is named" in words


@pytest.mark.parametrize(
    "options", [("--name", "keep me"), ("-o", "x.json"), ("--name", "a", "-o", "b.json")]
)
def test_a_name_or_a_file_for_no_version_is_refused(project: str, options: tuple[str, ...]) -> None:
    words = builder("history", project, *options, code=2).stderr
    assert "would do nothing" in words and "Add --version" in words
    assert ("--name" in words) == ("--name" in options) and ("--output" in words) == ("-o" in options)


def test_a_limit_for_one_version_is_refused(project: str) -> None:
    words = builder("history", project, "--version", "1", "--limit", "5", code=2).stderr
    assert "--limit would do nothing" in words


def test_a_version_alone_is_told(project: str) -> None:
    store = default_store()
    newest, first = store.versions(project)
    store.name_version(project, first.sequence, "the start")
    told = builder("history", project, "--version", str(first.sequence)).stdout
    assert f"version {first.sequence}" in told and "the start" in told
    assert "no earlier version" in told and "→ 77" in told.split("since then")[1]
    told = builder("history", project, "--version", str(newest.sequence)).stdout
    changed, since = told.split("since then")
    assert "→ 77" in changed and "no difference" in since and "--output" in since


def test_a_version_tells_the_run_that_was_started_from_it(project: str, run: str) -> None:
    newest = default_store().versions(project)[0]
    assert run in builder("history", project, "--version", str(newest.sequence)).stdout


@pytest.mark.parametrize("option", [("--limit", "5"), ("--search", "good"), ("--trash",)])
def test_options_of_the_list_do_not_stand_before_another_command(run: str, option: tuple[str, ...]) -> None:
    words = builder("runs", *option, "delete", run, code=2).stderr
    assert f"{option[0]} would do nothing" in words and "runs list" in words
    assert run in builder("runs", "list").stdout
    assert "would do nothing" in builder("runs", *option, "list", code=2).stderr


def test_a_label_without_data_is_refused(run: str, tmp_path: Path) -> None:
    words = builder("fine-tune", run, "-o", tmp_path / "a.json", "--label", "kind", code=2).stderr
    assert "--label would do nothing" in words and "--data" in words


def test_a_student_of_another_recipe_is_refused(run: str) -> None:
    command = ("compress", run, "--recipe", "magnitude_pruning", "--student", "half")
    words = builder(*command, code=2).stderr
    assert "--student would do nothing" in words and "distillation" in words


@pytest.mark.parametrize(
    ("option", "fitting"),
    [(("--calibration", "10"), "tflite_int8"), (("--keep-float", "conv_1"), "tflite_float16")],
)
def test_quantization_of_formats_without_it_is_refused(
    run: str, option: tuple[str, ...], fitting: str
) -> None:
    words = builder("export", run, "-f", "keras", "-f", "tflite_float32", *option, code=2).stderr
    assert f"{option[0]} would do nothing" in words and fitting in words


def test_quantization_of_all_formats_is_no_idle_choice(run: str) -> None:
    for formats in ((), ("-f", "keras", "-f", "tflite_int8"), ("-f", "tflite_int8_spectrogram")):
        words = builder("export", run, *formats, "--calibration", "10", code=2).stderr
        assert "would do nothing" not in words and "no trained model" in words


def test_a_test_sample_beside_a_text_is_refused(run: str) -> None:
    words = builder("understand", "attention", run, "--sample", "3", "--text", "hello", code=2).stderr
    assert "--sample would do nothing" in words
