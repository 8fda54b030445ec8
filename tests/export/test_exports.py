"""Every export is what the Keras model is, as far as its runtime and its bits allow."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from alike import with_rare
from small_models import SAMPLES, small

from builder.compiler import build
from builder.data.prepare import prepare
from builder.errors import BuilderError
from builder.explain.predict import predict
from builder.export import FORMATS, run
from builder.export.bundle import bundle
from builder.export.report import read_report
from builder.project import load_preset

# TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def by_format(report):
    return {item["format"]: item for item in report["formats"]}


# Like the cases that stay: convolutions, columns, a recurrent layer.
# Sound has tests of its own.
KINDS = with_rare([kind for kind in SAMPLES if kind != "sound"], ("residual", "regression", "bidirectional"))


@pytest.mark.parametrize("kind", KINDS)
def test_exports_agree_with_the_keras_model(kind, exported) -> None:
    report, folder = exported(kind)
    for item in report["formats"]:
        assert item["status"] == "verified", f"{item['format']}: {item['problem'] or item['note']}"
        assert (folder / item["file"]).exists()
        assert item["bytes"] > 0 and item["latency_ms_p95"] >= item["latency_ms_p50"] > 0
        if not FORMATS[item["format"]].quantized:
            assert item["agreement"] >= 0.99


@pytest.mark.parametrize("kind", KINDS)
def test_quantized_files_are_smaller(kind, exported) -> None:
    items = by_format(exported(kind)[0])
    # Seven kilobytes of a table's model are mostly the file's own structure.
    share = 0.9 if kind in ("table", "regression") else 0.55
    assert items["tflite_int8"]["bytes"] < share * items["tflite_float32"]["bytes"]


@pytest.mark.parametrize("kind", ["lstm", "transformer"])
@pytest.mark.parametrize("name", ["tflite_float16", "tflite_dynamic", "tflite_int8"])
def test_embedding_tables_are_quantized_too(kind, name, exported) -> None:
    items = by_format(exported(kind)[0])
    assert items[name]["bytes"] < 0.45 * items["tflite_float32"]["bytes"]


@pytest.mark.parametrize("kind", with_rare(["lstm", "bidirectional"], ["bidirectional"]))
def test_recurrent_int8_says_what_stays_float(kind, exported) -> None:
    label = by_format(exported(kind)[0])["tflite_int8"]["label"]
    assert label == "int8 (mixed: recurrent part stays float)"


def test_int8_of_convolutions_is_int8_throughout(exported) -> None:
    assert by_format(exported("cnn")[0])["tflite_int8"]["label"] == "TFLite, int8"


def test_the_report_can_be_read_again_and_by_people(exported) -> None:
    report, folder = exported("cnn")
    assert read_report(folder) == json.loads(json.dumps(report))
    page = (folder / "report.html").read_text()
    assert all(item["label"] in page for item in report["formats"])
    assert "<link" not in page and "<script" not in page and "src=" not in page


def test_the_bundle_holds_everything_and_nothing_else(exported) -> None:
    report, folder = exported("lstm")
    with zipfile.ZipFile(bundle(folder)) as archive:
        names = archive.namelist()
    for item in report["formats"]:
        assert item["file"] in names
    for beside in ("labels.txt", "vocabulary.txt", "preprocessing.json", "predict_tflite.py"):
        assert f"tflite_int8/{beside}" in names
    assert {"report.json", "report.html", "README.md"} <= set(names)
    assert not any(part.startswith(".") for name in names for part in Path(name).parts)


def test_the_keras_file_reads_plain_texts(exported) -> None:
    _, folder = exported("lstm")
    model, _, prepared = small("lstm")
    text = "WINNER!! You have won a prize, call 09061701461 now."
    end_to_end = keras.saving.load_model(folder / "keras" / "model.keras")
    answer = np.asarray(end_to_end({"text": keras.ops.convert_to_tensor([[text]])}))[0]
    expected = predict(model, prepared.spec, [{"text": text}])[0]["probabilities"]
    assert np.allclose(answer, list(expected.values()), atol=1e-5)


RAW = {
    "lstm": [
        {"text": "WINNER!! You have won a prize, call 09061701461 now."},
        {"text": "Are\tyou HOME, yet? Ünïcode É stays"},
    ],
    "table": [
        {"age": 39, "workclass": "Private", "hours-per-week": None},
        {"age": "?", "education": "no such school"},
    ],
    "regression": [{"longitude": -122.2, "latitude": 37.9, "median_income": "8.3"}],
}


@pytest.mark.parametrize("kind", with_rare(RAW, ["regression"]))
def test_the_snippet_predicts_as_keras_does(kind, exported, tmp_path) -> None:
    _, folder = exported(kind)
    model, _, prepared = small(kind)
    sample_file = tmp_path / "sample.json"
    sample_file.write_text(json.dumps(RAW[kind]))
    answers = run_snippet(folder, sample_file)
    for answer, expected in zip(answers, predict(model, prepared.spec, RAW[kind]), strict=True):
        assert_same(answer, expected)


def test_the_snippet_reads_pictures(exported, tmp_path) -> None:
    _, folder = exported("cnn")
    model, _, prepared = small("cnn")
    image = prepared.sample(int(prepared.indices["test"][0]))["array"]
    np.save(tmp_path / "picture.npy", image)
    (answer,) = run_snippet(folder, tmp_path / "picture.npy")
    assert_same(answer, predict(model, prepared.spec, [{"image": image}])[0])


def run_snippet(folder: Path, sample_file: Path) -> list[dict]:
    """Run the exported snippet as written, far from the product and where TensorFlow is not loaded."""
    command = [sys.executable, str(folder / "tflite_float32" / "predict_tflite.py"), str(sample_file)]
    done = subprocess.run(command, cwd=sample_file.parent, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def assert_same(answer: dict, expected: dict) -> None:
    if "value" in expected:
        assert answer["value"] == pytest.approx(expected["value"], rel=1e-4)
        return
    assert answer["label"] == expected["label"]
    assert answer["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-4)


def test_the_script_builds_the_same_model(tmp_path) -> None:
    project = load_preset("text/transformer")
    prepared = prepare(project.data, tmp_path / "prepared")
    model = build(project, prepared.spec)
    report = run(model, project, prepared, tmp_path / "exports", ["script"])
    item = by_format(report)["script"]
    assert item["status"] == "verified", item["problem"]
    assert item["agreement"] == 1 and item["largest_difference"] < 1e-4


def test_an_operation_that_tflite_lacks_is_reported_by_its_block(tmp_path) -> None:
    _, project, prepared = small("cnn")
    shape = prepared.spec.arrays[0].shape
    inputs = keras.Input(shape, name="image")
    x = keras.layers.Reshape((*shape, 1), name="reshape")(inputs)
    x = keras.layers.MaxPooling3D((2, 2, 1), name="conv_2_volume")(x)
    x = keras.layers.Dense(10, activation="softmax", name="head")(keras.layers.Flatten(name="flatten")(x))
    model = keras.Model(inputs, x)
    report = run(model, project, prepared, tmp_path / "exports", ["tflite_float32", "tflite_int8", "keras"])
    items = by_format(report)
    for name in ("tflite_float32", "tflite_int8"):
        problem = items[name]["problem"]
        assert items[name]["status"] == "failed" and problem["block"] == "conv_2"
        assert "MaxPool3D" in problem["message"] and "Traceback" not in problem["message"]
        assert not (tmp_path / "exports" / name).exists()
    assert items["keras"]["status"] == "verified"


def test_an_interrupted_export_leaves_the_earlier_one(tmp_path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "report.json").write_text('{"earlier": true}')

    def interrupt(share: float, text: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(*small("cnn"), folder, ["tflite_float32"], on_progress=interrupt)
    assert read_report(folder) == {"earlier": True}
    assert list(tmp_path.iterdir()) == [folder]


def test_a_model_of_no_numbers_is_told_once_and_leaves_the_earlier_export(tmp_path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "report.json").write_text('{"earlier": true}')
    model, project, prepared = small("cnn")
    broken = keras.models.clone_model(model)
    broken.set_weights([np.full_like(values, np.nan) for values in model.get_weights()])
    with pytest.raises(BuilderError, match="lower learning rate") as caught:
        run(broken, project, prepared, folder, ["keras", "script"])
    assert [problem.code for problem in caught.value.problems] == ["not_a_number"]
    assert read_report(folder) == {"earlier": True}
    assert list(tmp_path.iterdir()) == [folder]


def test_wrong_requests_are_answered_in_words(tmp_path) -> None:
    model, project, prepared = small("cnn")
    with pytest.raises(BuilderError, match="Choose export formats among .* Got 'coreml' instead"):
        run(model, project, prepared, tmp_path / "exports", ["coreml"])
    with pytest.raises(BuilderError, match="Train the model"):
        run(tmp_path / "model.keras", project, prepared, tmp_path / "exports", ["keras"])
    assert not (tmp_path / "exports").exists()
