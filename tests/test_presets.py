"""Every preset does the whole way on its real sample: check, build, train some steps, export, run."""

from dataclasses import replace
from pathlib import Path

import pytest

from builder import compiler, export
from builder.data.prepare import Prepared, prepare
from builder.project import PRESETS_FOLDER, Project, load_preset, preset_names
from builder.train.loop import fit
from builder.train.randomness import seed_everything

ROWS = {"train": 320, "validation": 64, "test": 64}
RECURRENT = {"text/lstm"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prepared")


def some_rows(prepared: Prepared) -> Prepared:
    indices = {part: rows[: ROWS[part]] for part, rows in prepared.indices.items()}
    return replace(prepared, indices=indices)


def all_presets() -> list[Project]:
    return [load_preset(name) for name in preset_names()]


def test_the_presets_cover_images_texts_and_tables() -> None:
    assert {name.split("/")[0] for name in preset_names()} == {"images", "text", "tabular"}
    assert {preset.data.task for preset in all_presets()} == {"classification", "regression"}


def test_every_preset_says_what_it_is_and_where_it_comes_from() -> None:
    for preset in all_presets():
        assert preset.name and preset.description and preset.reference


def test_the_bundled_samples_stay_small() -> None:
    files = [file for file in (PRESETS_FOLDER / "samples").rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 15_000_000


@pytest.mark.slow
@pytest.mark.parametrize("name", preset_names())
def test_preset_trains_exports_and_runs_in_litert(name: str, cache: Path, tmp_path: Path) -> None:
    project = load_preset(name)
    whole = prepare(project.data, cache)
    assert compiler.check(project, whole.spec) == []

    settings = {**project.training_settings(), "epochs": 3, "early_stopping": False}
    seed_everything(settings)
    model = compiler.build(project, whole.spec)
    outcome = fit(model, some_rows(whole), settings, tmp_path / "run")
    assert outcome.status == "finished"
    assert outcome.result["epochs_run"] == 3

    report = export.run(
        tmp_path / "run" / "model.keras",
        project,
        whole,
        tmp_path / "exports",
        ("tflite_float32", "tflite_int8"),
    )
    exact, quantized = report["formats"]
    assert exact["status"] == "verified", exact["problem"]
    assert exact["agreement"] == 1.0
    assert quantized["status"] in ("verified", "differs"), quantized["problem"]
    assert quantized["bytes"] < exact["bytes"]
    assert ("mixed" in quantized["label"]) == (name in RECURRENT)
