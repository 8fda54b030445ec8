"""What leaves the product works elsewhere: ONNX, weights, TFLite that describes itself, and every snippet."""

import json
import re
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter
from small_models import small

from builder.data.preprocessing import with_raw_inputs
from builder.data.spec import DataSpec
from builder.errors import BuilderError
from builder.explain.predict import predict
from builder.export import convert, run, verify
from builder.export.clients import write_clients
from builder.export.flat_tables import root
from builder.export.formats import FORMATS, formats_for
from builder.export.job import Job
from builder.export.metadata import check_metadata, read_metadata, with_metadata
from builder.export.report import read_report
from builder.export.samples import raw_inputs_told
from builder.export.tflite import float32

# TensorFlow's own arrays do not know NumPy 2's copy keyword yet; the ONNX converter asks NumPy the old way.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:tf2onnx"),
    pytest.mark.filterwarnings("ignore::FutureWarning:tf2onnx"),
]
# The Transformer has the exact GELU, the recurrent model loops; tables have two inputs.
KINDS = ("cnn", "lstm", "transformer", "table")
EXACT = ("tflite_float32", "onnx")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory):
    """Return a function from a kind of model to (verification by format, folder), made in this process."""
    made = {}

    def get(kind: str):
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            model, project, prepared = small(kind)
            model.save(folder / "trained.keras")
            job = Job(
                str(folder / "trained.keras"), project.to_json(), str(prepared.folder), str(folder), EXACT
            )
            make, check = convert.open_job(job), None
            rows = {}
            for name in EXACT:
                result = make(FORMATS[name])
                check = check or verify.open_job(job)
                row = {"format": name, "file": f"{name}/{FORMATS[name].file}", **result}
                rows[name] = row | check(FORMATS[name])
            report = {"formats": list(rows.values()), "metric": "accuracy", "samples": 300}
            report |= {
                "task": prepared.spec.task,
                "created": "today",
                "versions": {"keras": keras.__version__},
            }
            write_clients(folder, project, prepared.spec, report)
            made[kind] = rows, folder
        return made[kind]

    return get


@pytest.mark.parametrize("kind", KINDS)
def test_onnx_answers_as_keras_does(kind, exported) -> None:
    row = exported(kind)[0]["onnx"]
    assert row["status"] == "verified" and row["agreement"] == 1
    assert row["largest_difference"] < 1e-4


def test_an_onnx_file_holds_no_numbers_that_nothing_takes(exported) -> None:
    graph = onnx.load(exported("table")[1] / "onnx" / "model.onnx").graph
    assert {item.name for item in graph.initializer} <= {name for node in graph.node for name in node.input}


def test_an_operation_that_onnx_lacks_is_told_with_its_block(tmp_path) -> None:
    from builder.export.onnx_file import write_onnx

    inputs = keras.Input((8,), name="numbers")
    found = keras.layers.Lambda(lambda x: keras.ops.real(keras.ops.cast(x, "complex64")), name="spin_lambda")
    with pytest.raises(BuilderError, match="the block 'spin' needs .* which ONNX lacks"):
        write_onnx(keras.Model(inputs, found(inputs)), tmp_path / "model.onnx", ["spin", "other"])
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize("kind", ["cnn", "lstm", "table"])
def test_a_tflite_file_tells_mobile_tools_what_it_takes_and_gives(kind, exported) -> None:
    _, folder = exported(kind)
    _, project, prepared = small(kind)
    file = folder / "tflite_float32" / "model.tflite"
    told = read_metadata(file.read_bytes())
    assert told["name"] == project.name
    assert told["files"]["labels.txt"] == list(prepared.spec.class_names)
    assert told["outputs"][0]["files"] == ["labels.txt"]
    runner = Interpreter(model_path=str(file))
    assert [item["name"] for item in told["inputs"]] == [
        item["name"].removeprefix("serving_default_").split(":")[0] for item in runner.get_input_details()
    ]
    if kind == "cnn":
        assert told["inputs"][0]["mean"] == [0] and told["inputs"][0]["std"] == [1]
        assert "pixels 0 to 255" in told["inputs"][0]["description"]
    if kind == "lstm":
        assert told["inputs"][0]["files"] == ["vocabulary.txt"]
        assert told["files"]["vocabulary.txt"][1] == "[UNK]"
    if kind == "table":
        assert any("age" in item["description"] for item in told["inputs"])


def test_a_file_does_not_grow_by_the_names_of_hundreds_of_columns() -> None:
    model, _, prepared = small("table")
    plain = float32(model)
    (table,) = prepared.spec.inputs
    columns = [f"band {number} of the spectrum" for number in range(640)]
    wide = replace(table, settings={**table.settings, "numeric_columns": columns})
    described = with_metadata(plain, replace(prepared.spec, inputs=(wide,)), "Bands", "")
    assert len(described) < len(plain) + 2500
    told = {item["name"]: item["description"] for item in read_metadata(described)["inputs"]}
    assert told["numeric"].endswith("columns, named in preprocessing.json beside it.")


def test_the_description_changes_no_answer_and_a_false_one_is_refused() -> None:
    model, _, prepared = small("cnn")
    plain = float32(model)
    described = with_metadata(plain, prepared.spec, "Digits", "")
    arrays = prepared.arrays_of(prepared.indices["test"][:1])
    answers = []
    for content in (plain, described):
        interpreter = Interpreter(model_content=content)
        answers.append(interpreter.get_signature_runner()(**arrays)["output"])
    assert np.array_equal(*answers)
    other = small("table")[2].spec
    with pytest.raises(BuilderError, match="does not fit"):
        check_metadata(described, other)
    with pytest.raises(ValueError, match="no description"):
        read_metadata(plain)
    with pytest.raises(ValueError, match="M001"):
        root(plain, "M001")


def packed_sample(folder: Path) -> dict:
    """Return the sample of an export as the product takes it: pictures as arrays."""
    sample = json.loads((folder / "clients" / "sample.json").read_text())
    return {name: np.array(value, np.uint8) if name == "image" else value for name, value in sample.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_the_python_snippets_answer_the_packed_sample_as_the_product(kind, exported) -> None:
    _, folder = exported(kind)
    model, _, prepared = small(kind)
    expected = predict(model, prepared.spec, [packed_sample(folder)])[0]
    for name in EXACT:
        snippet = folder / name / f"predict_{name.split('_')[0]}.py"
        command = [sys.executable, str(snippet), str(folder / "clients" / "sample.json")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        answer = json.loads(done.stdout)
        assert answer["label"] == expected["label"]
        assert answer["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-4)


JAVASCRIPT = """
import { readFileSync } from "node:fs";
import { answer, encode } from "./predict.js";
const text = (name) => readFileSync(name, "utf8");
const lines = (name) => text(name).split("\\n").slice(0, -1);
const model = process.argv[2];
const description = JSON.parse(text(model + "preprocessing.json"));
const words = process.argv[3] === "words" ? lines(model + "vocabulary.txt") : [];
const samples = JSON.parse(text("samples.json"));
const arrays = samples.map((sample) => encode(sample, description, words));
const plain = arrays.map((own) => Object.fromEntries(
  Object.entries(own).map(([name, { values, shape }]) => [name, { values: Array.from(values), shape }])));
const said = answer(JSON.parse(text("output.json")), description, lines(model + "labels.txt"));
console.log(JSON.stringify({ arrays: plain, said }));
"""
AWKWARD = {
    "lstm": [{"text": "Are\tyou HOME, yet? Ünïcode É stays"}, {"text": "  WINNER!! call 0906 now  "}],
    "table": [{"age": "?", "education": "no such school", "hours_per_week": None, "workclass": " Private "}],
    "cnn": [],
}


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js runs what the browser does")
@pytest.mark.parametrize("kind", AWKWARD)
def test_the_browser_prepares_samples_and_reads_answers_as_python_does(kind, exported) -> None:
    from builder.data.encode import encode

    _, folder = exported(kind)
    model, _, prepared = small(kind)
    clients = folder / "clients"
    samples = [json.loads((clients / "sample.json").read_text()), *AWKWARD[kind]]
    arrays = encode(prepared.spec, [packed_sample(folder), *AWKWARD[kind]])
    outputs = np.asarray(
        model(
            {
                name: values.astype(np.float32 if name in ("image", "numeric") else np.int32)
                for name, values in arrays.items()
            }
        )
    )
    (clients / "samples.json").write_text(json.dumps(samples))
    (clients / "output.json").write_text(json.dumps(outputs[0].tolist()))
    (clients / "run.mjs").write_text(JAVASCRIPT)
    (clients / "package.json").write_text('{"type": "module"}')
    command = ["node", "run.mjs", "../tflite_float32/", "words" if kind == "lstm" else "none"]
    done = subprocess.run(command, cwd=clients, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    for row, own in enumerate(found["arrays"]):
        for name, array in own.items():
            assert np.allclose(np.reshape(array["values"], array["shape"])[0], arrays[name][row])
    expected = predict(model, prepared.spec, [packed_sample(folder)])[0]
    assert found["said"]["label"] == expected["label"]
    assert found["said"]["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)


def test_snippets_and_card_speak_of_this_project(exported) -> None:
    _, folder = exported("table")
    card = (folder / "MODEL_CARD.md").read_text()
    assert "hours_per_week" in card and "onnx/model.onnx" in card and "## Limits" in card
    assert re.search(r"\| onnx/model.onnx \| \d+\.\d% \| \d+\.\d% \|", card)
    clients = folder / "clients"
    for name in ("predict.cc", "Predict.kt", "Predict.swift", "browser.html"):
        text = (clients / name).read_text()
        assert "@MODEL@" not in text and "@INPUTS@" not in text and "@NAME@" not in text
        assert name == "browser.html" or "numeric: float32" in text
    request = json.loads((clients / "request.json").read_text())
    assert request == {"instances": [json.loads((clients / "sample.json").read_text())]}
    assert "/v1/models/" in (clients / "curl.sh").read_text()
    arrays = small("table")[2].arrays_of([0])
    assert {file.stem for file in (clients / "arrays").iterdir()} == set(arrays)


@pytest.mark.parametrize("kind", ["cnn", "lstm", "table"])
def test_every_raw_input_is_told_by_its_name_type_and_shape(kind) -> None:
    model, _, prepared = small(kind)
    told = raw_inputs_told(prepared.spec)
    for tensor in with_raw_inputs(model, prepared.spec).inputs:
        (line,) = (line for line in told if tensor.name in line.partition(":")[0].split(", "))
        assert f": {tensor.dtype} {tuple(tensor.shape[1:])}, " in line


def test_only_models_that_write_have_a_step() -> None:
    assert "tflite_step" in formats_for(DataSpec("language_model", ()))
    assert "tflite_step" in formats_for(DataSpec("text_to_text", ()))
    assert "tflite_step" not in formats_for(DataSpec("classification", ()))


def test_a_trained_model_that_cannot_be_opened_is_told_by_its_file(tmp_path) -> None:
    _, project, prepared = small("cnn")
    (tmp_path / "model.keras").write_bytes(b"half of a file")
    job = Job(str(tmp_path / "model.keras"), project.to_json(), str(prepared.folder), str(tmp_path), EXACT)
    with pytest.raises(BuilderError, match=r"model.keras.* cannot be opened.* Train the run again"):
        convert.open_job(job)


def test_a_full_disk_leaves_the_earlier_export_and_nothing_half_made(tmp_path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "report.json").write_text('{"earlier": true}')
    model, project, prepared = small("cnn")
    model.save(tmp_path / "model.keras")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(BuilderError, match="disk is full"):
            run(tmp_path / "model.keras", project, prepared, folder, ["tflite_float32"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert read_report(folder) == {"earlier": True}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exports", "model.keras"]
