"""What is measured of exported files holds on a trained model, and a remedy is measured again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from graph_cases import chain
from small_models import train

from builder.compiler import build
from builder.data.prepare import Prepared, prepare
from builder.errors import BuilderError
from builder.export import quantize
from builder.export import run as export_run
from builder.export.calibration import doubts
from builder.export.convert import Converter
from builder.export.job import Job
from builder.export.report import model_stamp, read_report, write_report
from builder.export.tflite import float32
from builder.jobs import measuring
from builder.project import DataRecipe, Project
from builder.runs.store import Store
from builder.runs.workspace import Workspace
from builder.truth.micro import micro
from builder.truth.report import read_truth, read_variants

# TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

FORMATS = ("tflite_float32", "tflite_int8")
DIGITS = Project(
    "Digits",
    DataRecipe({"kind": "sample", "name": "digits"}, task="classification"),
    chain(
        ("picture", "input.v1"),
        ("conv", "conv2d.v1", {"filters": 6, "activation": "relu"}),
        ("pool", "max_pooling2d.v1"),
        ("flat", "flatten.v1"),
        ("head", "classification_head.v1"),
    ),
)


class Measured:
    """A run whose exports were measured as they are, and again with one block in floats."""

    def __init__(self, folder: Path) -> None:
        self.workspace = Workspace(folder)
        self.store = Store(self.workspace.database_url)
        self.prepared = prepare(DIGITS.data, self.workspace.prepared_folder)
        model = build(DIGITS, self.prepared.spec)
        train(model, self.prepared, steps=40)
        project = self.store.create_project(DIGITS.to_json())
        self.run_id = self.store.create_run(project, DIGITS.to_json())
        self.store.transition(self.run_id, ["queued"], "finished", result={"test": {"accuracy": 0.9}})
        self.folder = self.workspace.run_folder(self.run_id)
        self.exports = self.folder / measuring.EXPORTS_FOLDER
        model.save(self.folder / measuring.MODEL_FILE)
        export_run(self.folder / measuring.MODEL_FILE, DIGITS, self.prepared, self.exports, FORMATS)
        self.before = self.measure(None)
        self.after = self.measure({"keep_float": ["head"], "calibration_samples": 50})

    def measure(self, quantization: dict[str, Any] | None) -> dict[str, Any]:
        told: list[float] = []
        found = measuring.measure_runs(
            self.run_id,
            [self.run_id],
            self.store,
            self.workspace,
            quantization,
            on_progress=lambda share, words: told.append(share),
        )
        assert found == {"measured": [self.run_id], "problems": []}
        assert told == sorted(told) and told[-1] == 1.0
        truth = read_truth(self.exports)
        assert truth is not None
        return truth


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    found = Measured(tmp_path_factory.mktemp("measured"))
    yield found
    found.store.close()


def of(truth: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in truth["variants"] if item["format"] == name)


def test_every_file_is_scored_as_the_keras_model_is(measured: Measured) -> None:
    truth = measured.before
    exact, rounded = (of(truth, name) for name in FORMATS)
    assert truth["metric"] == "accuracy" and 100 <= truth["samples"] <= 2000
    assert exact["score"] == truth["keras"]["score"] > 0.5 and exact["change"] == 0
    assert abs(rounded["change"]) < 0.03 and rounded["agreement"] > 0.95
    assert len(rounded["classes"]) == 10
    for item in rounded["classes"]:
        assert item["change"] == pytest.approx(item["after"] - item["before"])
    changes = [item["change"] for item in rounded["classes"]]
    assert changes == sorted(changes), "the classes that lose most come first"


def test_speed_and_memory_are_those_of_a_process_of_its_own(measured: Measured) -> None:
    for name in FORMATS:
        speed = of(measured.before, name)["speed"]
        assert 0 < speed["one"]["p50"] <= speed["one"]["p95"] and 0 < speed["all"]["p50"]
        assert speed["threads"] >= 1 and speed["memory_bytes"] >= 0


def test_the_arena_of_microcontrollers_is_smaller_in_8_bits(measured: Measured) -> None:
    exact, rounded = (of(measured.before, name) for name in FORMATS)
    assert rounded["micro"]["runs"] and exact["micro"]["runs"]
    assert 1000 < rounded["micro"]["arena_bytes"] < exact["micro"]["arena_bytes"]
    assert all(board["fits"] for board in rounded["boards"] if board["board"] == "Raspberry Pi Pico 2")


def test_errors_are_told_block_by_block_and_the_worst_are_named(measured: Measured) -> None:
    rounded = of(measured.before, "tflite_int8")
    layers = {layer["block"]: layer for layer in rounded["layers"]}
    assert set(layers) == {"conv", "pool", "head"}
    assert all(10 < layer["decibels"] < 120 for layer in layers.values())
    assert sum(layer["share"] for layer in layers.values()) == pytest.approx(1)
    assert rounded["hurting"][0] == max(layers, key=lambda block: layers[block]["share"])
    assert of(measured.before, "tflite_float32")["layers"] == []


def test_a_block_kept_in_floats_makes_no_error_and_is_compared_with_before(measured: Measured) -> None:
    before, after = (of(truth, "tflite_int8") for truth in (measured.before, measured.after))
    head = next(layer for layer in after["layers"] if layer["block"] == "head")
    assert head["float"] and head["share"] is None and "head" not in after["hurting"]
    assert after["bytes"] > before["bytes"]
    assert after["largest_difference"] < before["largest_difference"]
    kept = [item for item in read_variants(measured.folder) if item["format"] == "tflite_int8"]
    assert [item["quantization"]["keep_float"] for item in kept] == [[], ["head"]]
    # What nothing was chosen for is one variant, not two.
    assert len(read_variants(measured.folder)) == 3


def test_measured_variants_are_points_whose_files_are_there_or_made_again(measured: Measured) -> None:
    runs = measuring.runs_with_models(
        measured.store, measured.store.list_projects()[0].id, measured.workspace
    )
    points, missing = measuring.points(runs, measured.workspace)
    assert len(points) == 3 and not missing
    there = [measuring.is_exported(item, measured.exports) for item in points]
    assert there == [True, False, True] or sum(there) == 2, "the file of the earlier choice was replaced"


def test_what_is_measured_is_not_measured_again(measured: Measured) -> None:
    assert measured.measure(None)["created"] == measured.after["created"]


def test_a_measuring_is_ended_at_its_next_step(measured: Measured) -> None:
    def on_progress(share: float, words: str) -> None:
        measuring.cancel("someone", measured.workspace)

    with pytest.raises(BuilderError, match="measuring was ended"):
        measuring.measure_runs(
            "someone", [measured.run_id], measured.store, measured.workspace, {}, on_progress=on_progress
        )
    assert read_truth(measured.exports) == measured.after, "what was measured before stays"


def test_runs_without_a_model_are_told_and_do_not_stop_others(measured: Measured) -> None:
    other = measured.store.create_run(measured.store.list_projects()[0].id, DIGITS.to_json())
    found = measuring.measure_runs("both", [other, measured.run_id], measured.store, measured.workspace)
    assert found["measured"] == [measured.run_id]
    assert "Train it to its end" in found["problems"][0]["message"]


class Enough(Exception):
    """Ends a measuring where it has shown what it is about to do."""


def test_files_of_a_model_that_was_trained_on_are_made_again_before_they_are_measured(
    measured: Measured,
) -> None:
    def on_progress(share: float, words: str) -> None:
        if words == "Exporting":
            raise Enough

    point = read_variants(measured.folder)[-1]
    model = measured.folder / measuring.MODEL_FILE
    before = model.stat().st_mtime_ns
    assert measuring.is_exported(point, measured.exports)
    os.utime(model, ns=(before, before + 1))
    assert not measuring.is_exported({**point, "model": model_stamp(model)}, measured.exports)
    with pytest.raises(Enough):
        measuring.measure_run(
            measured.run_id, measured.store, measured.workspace, None, ["tflite_int8"], on_progress
        )
    os.utime(model, ns=(before, before))


def test_an_export_that_does_not_tell_its_model_counts_as_there(measured: Measured) -> None:
    report = read_report(measured.exports)
    assert report is not None
    write_report({name: value for name, value in report.items() if name != "model"}, measured.exports)
    assert measuring.is_exported(read_variants(measured.folder)[-1], measured.exports)


def converter(measured: Measured, folder: Path) -> Converter:
    model = str(measured.folder / measuring.MODEL_FILE)
    prepared_folder = str(measured.prepared.folder)
    return Converter(Job(model, DIGITS.to_json(), prepared_folder, str(folder), FORMATS))


def without_training_rows(prepared: Prepared) -> Prepared:
    return replace(prepared, indices={**prepared.indices, "train": np.array([], np.int64)})


def test_calibration_without_samples_is_refused_and_with_few_or_one_class_is_told(
    measured: Measured, tmp_path: Path
) -> None:
    made = converter(measured, tmp_path)
    made.prepared = without_training_rows(made.prepared)
    with pytest.raises(BuilderError, match="training part has no rows"):
        _ = made.calibration
    few, one_class = doubts(measured.prepared, 1)
    assert "Only 1 training sample told" in few and "are of the class" in one_class
    assert doubts(measured.prepared, 200) == []


def test_a_model_trained_to_nothing_is_told_before_any_file_is_offered(
    measured: Measured, tmp_path: Path
) -> None:
    made = converter(measured, tmp_path)
    made.model.set_weights([np.full_like(values, np.nan) for values in made.model.get_weights()])
    with pytest.raises(BuilderError, match="values that are no numbers"):
        made.write_reference()


# The calibrator looks at every tensor, as it must.
@pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`:UserWarning")
def test_the_weights_of_a_large_file_lie_inside_where_microcontrollers_find_them(tmp_path: Path) -> None:
    inputs = keras.Input((300,), name="values")
    model = keras.Model(inputs, keras.layers.Dense(1200, name="wide")(inputs))
    samples = [{"values": np.random.default_rng(n).random((1, 300), np.float32)} for n in range(3)]
    content = float32(model)
    quantized = quantize.Rounder(
        content, quantize.traits_of(model, content, regression=False), samples
    ).int8()
    assert len(quantized) > 256 * 1024, "from here on, the quantizer would put them behind the model"
    (tmp_path / "model.tflite").write_bytes(quantized)
    assert micro(tmp_path / "model.tflite")["arena_bytes"] < 50_000
