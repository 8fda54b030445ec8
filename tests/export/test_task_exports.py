"""Forecasts and models that write leave the product whole, and their snippet does what the product does."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from alike import with_rare
from pairs_cases import built
from small_tasks import trained

from builder.data.prepare import Prepared
from builder.explain.predict import predict
from builder.export import run
from builder.project import Project

FORMATS = {
    "forecasting": ("keras", "tflite_float32", "tflite_int8"),
    "language_model": ("keras", "tflite_float32"),
    "text_to_text": ("saved_model", "tflite_float32"),
}


def made(task: str) -> tuple[keras.Model, Project, Prepared]:
    return built("text_to_text/transformer") if task == "text_to_text" else trained(task)


@pytest.fixture(scope="module", params=with_rare(FORMATS, ["language_model"]))
def exported(request, tmp_path_factory) -> tuple[str, dict, Path]:
    folder = tmp_path_factory.mktemp(request.param) / "exports"
    model, project, prepared = made(request.param)
    return request.param, run(model, project, prepared, folder, FORMATS[request.param]), folder


def test_exact_formats_answer_as_keras_does(exported) -> None:
    _, report, _ = exported
    for item in report["formats"]:
        assert item["status"] in ("verified", "differs"), item["problem"]
        if item["format"] != "tflite_int8":
            assert item["agreement"] == pytest.approx(1.0, abs=1e-3)


def test_the_snippet_answers_far_from_the_product(exported, tmp_path: Path) -> None:
    task, _, folder = exported
    model, _, prepared = made(task)
    if task == "forecasting":
        past = np.array(prepared.arrays["series"][int(prepared.indices["test"][0])])
        np.save(tmp_path / "past.npy", past)
        (answer,) = snippet(folder, tmp_path / "past.npy")
        expected = predict(model, prepared.spec, [{"series": past}])[0]["values"]
        assert answer["values"] == pytest.approx(expected, rel=1e-3)
    elif task == "text_to_text":
        (tmp_path / "sample.json").write_text(json.dumps({"text": "Wait!"}))
        (answer,) = snippet(folder, tmp_path / "sample.json")
        assert answer == predict(model, prepared.spec, [{"text": "Wait!"}])[0]
    else:
        (tmp_path / "sample.json").write_text(json.dumps({"text": "First"}))
        (answer,) = snippet(folder, tmp_path / "sample.json")
        assert len(answer["text"]) == 100
        known = prepared.spec.inputs[0].settings["vocabulary"][2:]
        assert set(answer["text"]) <= set(known)


def snippet(folder: Path, sample: Path) -> list[dict]:
    """Run the exported snippet as written, where TensorFlow is not loaded."""
    command = [sys.executable, str(folder / "tflite_float32" / "predict_tflite.py"), str(sample)]
    done = subprocess.run(command, cwd=sample.parent, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
