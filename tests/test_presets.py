"""Every preset does the whole way on its real sample: check, build, train some steps, export, run."""

from dataclasses import replace
from pathlib import Path

import pytest
from alike import mostly_rare

from builder import compiler
from builder.data.prepare import Prepared, prepare
from builder.export import convert, verify
from builder.export.formats import FORMATS
from builder.export.job import Job
from builder.project import PRESETS_FOLDER, Project, load_preset, preset_names
from builder.tasks import TASKS
from builder.train.loop import fit
from builder.train.randomness import seed_everything

ROWS = {"train": 96, "validation": 32, "test": 32}
# One preset of each kind of network goes on to 8 bits; the others are of the same layers.
QUANTIZED = {
    "images/cnn",
    "images/detection",
    "images/resnet",
    "images/unet",
    "images/vit",
    "series/lstm_forecast",
    "tabular/mlp_regression",
    "text/cnn",
    "text/gru",
    "text/lstm",
}
RECURRENT = {"text/lstm", "text/gru", "series/lstm_forecast"}


# One or two presets of each kind of network; the others differ in sizes and order, or their task has tests
# of its own that go the whole way.
ALWAYS = {
    "images/cnn",
    "images/dcgan",
    "language/gpt",
    "multimodal/sound_and_text",
    "series/lstm_forecast",
    "tabular/mlp_regression",
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prepared")


def some_rows(prepared: Prepared) -> Prepared:
    indices = {part: rows[: ROWS[part]] for part, rows in prepared.indices.items()}
    return replace(prepared, indices=indices)


def all_presets() -> list[Project]:
    return [load_preset(name) for name in preset_names()]


def test_the_presets_cover_every_kind_of_data_and_every_task() -> None:
    families = {"audio", "images", "language", "multimodal", "series", "tabular", "text", "text_to_text"}
    families |= {"transcription"}
    assert {name.split("/")[0] for name in preset_names()} == families
    assert {preset.data.task for preset in all_presets()} == set(TASKS)


def test_every_preset_says_what_it_is_and_where_it_comes_from() -> None:
    for preset in all_presets():
        assert preset.name and preset.description and preset.reference


def test_the_bundled_samples_stay_small() -> None:
    files = [file for file in (PRESETS_FOLDER / "samples").rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 24_000_000


# The quantizer looks at every tensor in between, of which the runtime warns.
@pytest.mark.filterwarnings("ignore:.*experimental_preserve_all_tensors")
@pytest.mark.slow
@pytest.mark.parametrize("name", mostly_rare(preset_names(), ALWAYS))
def test_preset_trains_exports_and_runs_in_litert(
    name: str, cache: Path, tmp_path: Path, monkeypatch
) -> None:
    project = load_preset(name)
    whole = prepare(project.data, cache)
    assert compiler.check(project, whole.spec) == []

    settings = {**project.training_settings(), "epochs": 1, "early_stopping": False}
    seed_everything(settings)
    model = compiler.build(project, whole.spec)
    outcome = fit(model, some_rows(whole), settings, tmp_path / "run")
    assert outcome.status == "finished"
    assert outcome.result["epochs_run"] == 1

    formats = ("tflite_float32", "tflite_int8") if name in QUANTIZED else ("tflite_float32",)
    exact, *quantized = exported(project, whole, tmp_path, formats, monkeypatch)
    assert exact["status"] == "verified"
    assert exact["agreement"] == 1.0
    for entry in quantized:
        assert entry["status"] in ("verified", "differs")
        assert entry["bytes"] < exact["bytes"]
        assert ("mixed" in entry["label"]) == (name in RECURRENT)


def exported(
    project: Project, prepared: Prepared, folder: Path, formats: tuple[str, ...], monkeypatch
) -> list[dict]:
    """Convert and verify as the export does, here instead of in processes, which would import TensorFlow."""
    monkeypatch.setattr(convert, "VERIFICATION_SAMPLES", 24)
    monkeypatch.setattr(convert.Converter, "calibration_samples", 24)
    job = Job(
        model_file=str(folder / "run" / "model.keras"),
        project=project.to_json(),
        prepared_folder=str(prepared.folder),
        folder=str(folder / "exports"),
        formats=formats,
    )
    make = convert.open_job(job)
    made = {name: make(FORMATS[name]) for name in formats}
    check = verify.open_job(job)
    return [{**made[name], **check(FORMATS[name])} for name in formats]
