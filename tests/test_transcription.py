"""Speech written down: targets of characters, free steps, decoding, and files that do the same elsewhere."""

import json
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builder import compiler
from builder.data.prepare import Prepared, prepare
from builder.data.transcripts import steps_needed, text_of_indices
from builder.decoding import character_error_rate, decoded, edit_distance
from builder.errors import BuilderError
from builder.explain import transcription
from builder.explain.evaluation import evaluate, scores
from builder.explain.predict import predict
from builder.export import run as export
from builder.project import Project, load_preset
from builder.train.loop import fit
from builder.train.randomness import seed_everything


@pytest.fixture(scope="module")
def project() -> Project:
    found = load_preset("transcription/digit_strings")
    nodes = tuple(
        replace(node, kind="dense.v1", parameters={"units": 16}) if node.id == "recurrent" else node
        for node in found.model.nodes
    )
    return replace(found, model=replace(found.model, nodes=nodes), training={"epochs": 1, "batch_size": 16})


@pytest.fixture(scope="module")
def prepared(project: Project, tmp_path_factory) -> Prepared:
    whole = prepare(project.data, tmp_path_factory.mktemp("cache"))
    few = {"train": 48, "validation": 16, "test": 16}
    return replace(whole, indices={part: rows[: few[part]] for part, rows in whole.indices.items()})


@pytest.fixture(scope="module")
def model(project: Project, prepared: Prepared, tmp_path_factory):
    settings = project.training_settings()
    seed_everything(settings)
    built = compiler.build(project, prepared.spec)
    outcome = fit(built, prepared, settings, tmp_path_factory.mktemp("run"))
    assert outcome.status == "finished" and np.isfinite(outcome.result["test"]["loss"])
    return built


def test_texts_become_characters_with_a_blank_before_them(prepared: Prepared) -> None:
    spec = prepared.spec
    assert spec.class_names == ("", *"0123456789") and spec.target_shape == (5,)
    row = int(prepared.indices["train"][0])
    assert text_of_indices(prepared.targets[row], spec.class_names).isdigit()


def test_repeats_and_blanks_are_left_out_and_doubled_characters_kept() -> None:
    steps = np.eye(3)[[[1, 1, 0, 1, 2, 2, 0, 0]]]
    assert decoded(steps, ("", "a", "b")) == ["aab"]
    assert decoded(np.eye(3)[[[0, 0, 0]]], ("", "a", "b")) == [""]


@pytest.mark.parametrize(
    ("first", "second", "edits"), [("", "", 0), ("kitten", "sitting", 3), ("abc", "", 3), ("flaw", "lawn", 2)]
)
def test_known_edit_distances(first: str, second: str, edits: int) -> None:
    assert edit_distance(first, second) == edit_distance(second, first) == edits


def test_the_error_rate_counts_edits_by_the_length_of_the_true_text() -> None:
    assert character_error_rate(["12", "3"], ["123", "4"]) == pytest.approx(2 / 4)


def test_a_doubled_character_needs_a_step_more() -> None:
    assert steps_needed(np.array([[1, 2, 3], [1, 1, 0]])) == 3
    assert steps_needed(np.array([[1, 1, 1]])) == 5


def test_too_few_steps_are_told_before_training(project: Project, prepared: Prepared) -> None:
    shrunk = tuple(
        replace(node, kind="max_pooling1d.v1", parameters={"pool_size": 60}) if node.id == "conv_2" else node
        for node in project.model.nodes
    )
    problems = compiler.check(project.with_model(replace(project.model, nodes=shrunk)), prepared.spec)
    assert [problem.code for problem in problems] == ["too_few_steps"]
    assert "the longest text of the data needs 7" in problems[0].message


def test_a_head_of_another_task_is_exchanged_by_a_click(project: Project, prepared: Prepared) -> None:
    wrong = tuple(
        replace(node, kind="classification_head.v1", parameters={}) if node.id == "output" else node
        for node in project.model.nodes
    )
    graph = replace(project.model, nodes=wrong)
    problems = compiler.check(project.with_model(graph), prepared.spec)
    repair = next(problem.repair for problem in problems if problem.code == "head_of_other_task")
    assert compiler.check(project.with_model(graph.edited(repair.edits)), prepared.spec) == []


def test_evaluation_stands_beside_the_commonest_text(model, prepared: Prepared) -> None:
    report = evaluate(model, prepared)
    assert report["baseline"]["rule"].startswith("always '")
    assert 0 < report["baseline"]["character_error_rate"] <= 1.5
    assert len(report["examples"]) == 12 and report["worst_errors"]


def test_the_memory_of_scoring_speech_does_not_grow_with_its_outputs(
    model, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.asarray(prepared.indices["train"])
    whole = scores(model, prepared, rows)
    monkeypatch.setattr(transcription, "ROWS_AT_ONCE", 16)
    assert scores(model, prepared, rows) == whole

    def most(times: int) -> int:
        tracemalloc.start()
        found = scores(model, prepared, np.tile(rows, times))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found["character_error_rate"] == whole["character_error_rate"]
        return peak

    most(2)
    outputs = 6 * len(rows) * 4 * int(np.prod(model.output.shape[1:]))
    assert most(8) - most(2) < outputs / 2


def test_files_write_down_the_same_elsewhere(
    model, project: Project, prepared: Prepared, tmp_path: Path
) -> None:
    report = export(model, project, prepared, tmp_path / "exports", ("tflite_float32",))
    (item,) = report["formats"]
    assert item["status"] == "verified", item
    assert item["metric"] == report["metric"] == "character_error_rate"
    sound = prepared.arrays["audio"][int(prepared.indices["test"][0])]
    np.save(tmp_path / "sound.npy", sound)
    snippet = tmp_path / "exports" / "tflite_float32" / "predict_tflite.py"
    command = [sys.executable, str(snippet), str(tmp_path / "sound.npy")]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert [answer] == predict(model, prepared.spec, [{"audio": np.array(sound)}])


def test_a_target_of_one_text_is_refused_in_words(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "same.csv"
    file.write_text("x,words\n" + "".join(f"{row},hello\n" for row in range(12)))
    roles = {"x": "numeric", "words": "target"}
    recipe = replace(
        project.data, source={"kind": "csv", "path": str(file)}, roles=roles, split={"method": "random"}
    )
    with pytest.raises(BuilderError, match="nothing to tell apart"):
        prepare(recipe, tmp_path / "cache")
