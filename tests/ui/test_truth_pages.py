"""What exported files are worth is shown with its remedy; the frontier answers and offers what it names."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from builder.errors import stop
from builder.export.quantization import Quantization
from builder.export.report import model_stamp
from builder.runs.files import write_json
from builder.truth.boards import verdicts
from builder.truth.report import keep
from builder.ui import services

from .page_words import button, canvas_data, words

Open = Callable[..., AppTest]
CHOICES = Quantization().to_json()
SPEED = {
    "one": {"p50": 0.1, "p95": 0.2},
    "all": {"p50": 0.1, "p95": 0.3},
    "threads": 2,
    "memory_bytes": 3_000_000,
}


def variant(name: str, label: str, size: int, score: float, **more: Any) -> dict[str, Any]:
    arena = 30_000
    return {
        "format": name,
        "label": label,
        "quantized": name != "tflite_float32",
        "bytes": size,
        "score": score,
        "change": score - 0.97,
        "agreement": 0.99,
        "classes": [{"name": "spam", "before": 0.9, "after": 0.8, "change": -0.1}],
        "layers": [],
        "hurting": [],
        "speed": SPEED,
        "micro": {"runs": True, "arena_bytes": arena, "missing": [], "words": "Runs."},
        "boards": verdicts(size, arena),
        "problem": None,
        **more,
    }


TRUTH = {
    "metric": "accuracy",
    "larger_is_better": True,
    "class_measure": "recall",
    "samples": 500,
    "threads": 2,
    "quantization": CHOICES,
    "created": "2026-11-29",
    "keras": {"score": 0.97, "classes": {"spam": 0.9}},
    "variants": [
        variant("tflite_float32", "TFLite, float32", 400_000, 0.97),
        variant(
            "tflite_int8",
            "TFLite, int8",
            100_000,
            0.93,
            layers=[{"block": "lstm", "decibels": 12.0, "share": 0.9, "float": False}],
            hurting=["lstm"],
        ),
    ],
}


@pytest.fixture
def exported(run_id: str, engine: Any) -> str:
    """A finished run with an export that is not measured yet."""
    engine.answers["script"] = {"model.py": "import keras\n", "model.ipynb": "{}"}
    engine.answers["measure"] = {"measured": [run_id], "problems": []}
    folder = services.workspace().run_folder(run_id)
    (folder / "model.keras").write_bytes(b"model")
    item = {
        "format": "tflite_int8",
        "label": "TFLite, int8",
        "status": "verified",
        "agreement": 1.0,
        "bytes": 5,
    }
    report = {"samples": 100, "metric": "accuracy", "formats": [item], "quantization": CHOICES}
    write_json(folder / "exports" / "report.json", report)
    (folder / "exports" / "tflite_int8").mkdir()
    (folder / "exports" / "tflite_int8" / "model.tflite").write_bytes(b"file")
    return run_id


def measured(run_id: str, found: dict[str, Any] = TRUTH) -> None:
    folder = services.workspace().run_folder(run_id)
    keep(found, folder / "exports", folder, model_stamp(folder / "model.keras"))


def asked_measures(engine: Any) -> list[dict[str, Any]]:
    return [arguments for task, arguments in engine.asked if task == "measure"]


def test_an_export_that_is_not_measured_offers_it(open_page: Open, exported: str, engine: Any) -> None:
    at = open_page("export")
    button(at, "Measure the TFLite files").click().run()
    assert not at.exception
    assert asked_measures(engine)[0]["run_ids"] == [exported]


def test_a_failed_measuring_says_why(open_page: Open, exported: str, engine: Any) -> None:
    engine.answers["measure"] = stop("not_a_number", "The model answers with no numbers.")
    at = open_page("export")
    button(at, "Measure the TFLite files").click().run()
    assert words(at).count("The model answers with no numbers.") == 1


def test_the_blocks_that_hurt_are_named_marked_and_kept_in_floats_by_one_click(
    open_page: Open, exported: str, engine: Any
) -> None:
    measured(exported)
    at = open_page("export")
    assert not at.exception
    assert "Accuracy is 4.00 points worse after rounding" in words(at) and "**lstm**" in words(at)
    assert canvas_data(at)["marks"] == {"lstm": "costly"}
    assert "Fits:" in " ".join(
        str(value) for frame in at.dataframe for value in frame.value.to_numpy().ravel()
    )
    button(at, "Keep lstm in floats, measure again").click().run()
    assert not at.exception
    assert asked_measures(engine)[0]["quantization"] == {**CHOICES, "keep_float": ["lstm"]}


def test_a_layer_inside_of_a_block_marks_the_block_and_is_kept_in_floats_alone(
    open_page: Open, exported: str, engine: Any
) -> None:
    inside = [{"block": "lstm/gate", "decibels": 12.0, "share": 0.9, "float": False}]
    exact, rounded = TRUTH["variants"]
    measured(
        exported, {**TRUTH, "variants": [exact, {**rounded, "inside": inside, "hurting": ["lstm/gate"]}]}
    )
    at = open_page("export")
    assert not at.exception and "**lstm/gate**" in words(at)
    assert canvas_data(at)["marks"] == {"lstm": "costly"}
    choice = next(item for item in at.multiselect if item.label == "Blocks that stay in 32-bit floats")
    assert "lstm/gate" in choice.options
    button(at, "Keep lstm/gate in floats, measure again").click().run()
    assert not at.exception
    assert asked_measures(engine)[0]["quantization"] == {**CHOICES, "keep_float": ["lstm/gate"]}


@pytest.mark.parametrize(
    ("error", "more", "told"),
    [
        (41_000.0, 12.0, "Rounding costs next to nothing here"),
        (0.012, 0.004, "Average error is 0.004 worse after rounding"),
    ],
)
def test_what_rounding_costs_is_told_in_the_unit_of_the_score(
    error: float, more: float, told: str, open_page: Open, exported: str
) -> None:
    files = [{**item, "score": error + more, "change": -more} for item in TRUTH["variants"]]
    keras = {"score": error, "classes": {}}
    scored = {"metric": "mean_absolute_error", "larger_is_better": False, "keras": keras, "variants": files}
    measured(exported, {**TRUTH, **scored})
    assert told in words(open_page("export"))


def test_a_file_that_could_not_be_measured_is_told_beside_the_others(open_page: Open, exported: str) -> None:
    problem = stop("crashed", "The file could not be asked.").problems[0].to_json()
    unmeasured = {"format": "tflite_dynamic", "label": "TFLite, dynamic", "quantized": True, "bytes": 90_000}
    variants = [*TRUTH["variants"], {**unmeasured, "problem": problem}]
    measured(exported, {**TRUTH, "variants": variants})
    at = open_page("export")
    assert not at.exception and "The file could not be asked." in words(at)


def test_more_calibration_is_one_click_too(open_page: Open, exported: str, engine: Any) -> None:
    measured(exported)
    at = open_page("export")
    button(at, "Calibrate with 800 samples, measure again").click().run()
    assert asked_measures(engine)[0]["quantization"] == {**CHOICES, "calibration_samples": 800}


def test_an_export_takes_the_chosen_quantization(open_page: Open, exported: str, engine: Any) -> None:
    engine.answers["export"] = {}
    at = open_page("export")
    next(item for item in at.number_input if item.label == "Calibration samples").set_value(50).run()
    button(at, "Export again").click().run()
    chosen = next(arguments for task, arguments in engine.asked if task == "export")["quantization"]
    assert chosen == {"keep_float": [], "calibration_samples": 50}


def test_the_frontier_measures_answers_and_offers_the_file(
    open_page: Open, exported: str, engine: Any
) -> None:
    at = open_page("frontier")
    assert "1 run not measured yet" in words(at)
    button(at, "Measure now").click().run()
    assert "tflite_int8" in asked_measures(engine)[0]["formats"]
    measured(exported)
    at = open_page("frontier")
    assert not at.exception
    assert "The smallest within 1 point of the best (accuracy 97.0%) is TFLite, float32" in words(at)
    next(item for item in at.number_input if item.label.startswith("Smallest within")).set_value(5.0).run()
    assert "within 5 points of the best (accuracy 97.0%) is TFLite, int8" in words(at)
    at.button(key="frontier.within.choose").click().run()
    assert not at.exception
    assert [item.proto.label for item in at.get("download_button")] == ["Download (zip)"]
    at.button(key="frontier.under.choose").click().run()
    assert "Export this" in [item.label for item in at.button], "the float file was never exported"


def test_the_frontier_of_nothing_leads_to_training(open_page: Open) -> None:
    at = open_page("frontier")
    assert "Nothing has been trained to its end yet" in words(at)


def test_files_of_an_earlier_model_are_not_offered(open_page: Open, exported: str) -> None:
    folder = services.workspace().run_folder(exported)
    file = folder / "exports" / "report.json"
    report = json.loads(file.read_text())
    write_json(file, {**report, "model": model_stamp(folder / "model.keras")})
    at = open_page("export")
    assert "Export again" in [item.label for item in at.button]
    (folder / "model.keras").write_bytes(b"a model that was trained on")
    at.run()
    assert "trained on since its last export" in words(at)
    assert "Export everything" in [item.label for item in at.button]
