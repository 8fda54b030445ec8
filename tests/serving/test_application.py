"""The web application over every kind of input and answer, with the preset's own model behind it."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest
from alike import mostly_rare
from fastapi.testclient import TestClient
from small_served import ASKED, Certain, served

from builder import compiler
from builder.data.prepare import prepare
from builder.explain.predict import predict
from builder.export.saved_model import write_saved_model
from builder.export.server import slug
from builder.export.tflite import float32
from builder.outputs import each_output, output_activation, predict_arrays
from builder.project import DataRecipe, load_preset, preset_names
from builder.serving.application import application
from builder.serving.limits import Limits
from builder.serving.model import Arrays, Description, LiteRTModel, SavedModel
from builder.serving.samples import samples_of

# One of each kind of input and answer; pictures, rows and texts are served by real processes elsewhere.
ALWAYS = ("audio/speech_commands", "series/lstm_forecast", "images/detection", "multimodal/feature_fusion")
# What writes, or makes samples, is asked in other words; see their own files.
OTHERWISE = ("language_model", "text_to_text", "generation")


def presets() -> list[object]:
    served = [name for name in preset_names() if load_preset(name).data.task not in OTHERWISE]
    return mostly_rare(served, ALWAYS)


class KerasModel:
    """Runs a Keras model as a server runs its file."""

    def __init__(self, model: object) -> None:
        self.models = each_output(model)

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        rows = np.arange(len(next(iter(arrays.values()))))
        return [predict_arrays(single, arrays, rows) for single in self.models]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prepared")


@pytest.mark.parametrize("name", presets())
def test_the_documented_example_is_answered_as_in_the_studio(name: str, cache: Path) -> None:
    project = load_preset(name)
    spec = prepare(project.data, cache).spec
    model = compiler.build(project, spec)
    activations = tuple(output_activation(single) for single in each_output(model))
    description = Description(slug(name), project.name, spec, activations, "model.tflite", True, "auto")
    with TestClient(application(description, KerasModel(model), Limits())) as client:
        place = f"/v1/models/{slug(name)}"
        described = client.get(f"{place}/metadata").json()
        asked = described["example"]
        assert set(asked["instances"][0]) == set(described["instance"]["properties"])
        answer = client.post(f"{place}:predict", json=asked)
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()["predictions"]
        (wanted,) = predict(model, spec, samples_of(spec, asked["instances"]))
        assert found.keys() == wanted.keys()
        assert as_numbers(found) == pytest.approx(as_numbers(wanted), abs=1e-4)
        answered = client.get("/openapi.json").json()["paths"][f"{place}:predict"]["post"]["responses"]["200"]
        schema = answered["content"]["application/json"]["schema"]["properties"]["predictions"]["items"]
        assert set(schema["required"]) <= set(found)
        for page in ("/", "/docs"):
            assert "</html>" in client.get(page).text


def as_numbers(answer: object) -> list[float]:
    """Return every number of an answer, in order."""
    if isinstance(answer, dict):
        return [number for name in sorted(answer) for number in as_numbers(answer[name])]
    if isinstance(answer, list):
        return [number for item in answer for number in as_numbers(item)]
    return [float(answer)] if isinstance(answer, (int, float)) else []


class Numbered(Certain):
    """Answers the first class with a sample's number, counted over all runs; notes how many each run has."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.runs: list[int] = []

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        count, before = len(next(iter(arrays.values()))), sum(self.runs)
        self.runs.append(count)
        shares = (before + np.arange(count)) / 1000
        return [np.stack([shares, *[1 - shares] * (self.classes - 1)], axis=1)]


def test_a_request_of_many_samples_is_run_in_pieces_that_the_limit_allows(cache: Path) -> None:
    recipe = DataRecipe({"kind": "sample", "name": "adult_income"}, task="classification")
    spec = prepare(recipe, cache).spec
    model = Numbered(spec.class_count)
    description = Description("it", "rows", spec, ("softmax",), "model.tflite", True, "auto")
    with TestClient(application(description, model, Limits(batch=4))) as client:
        answer = client.post(ASKED, json={"instances": [{"age": 40}] * 10}).json()
        metrics = client.get("/metrics").text
    assert model.runs == [4, 4, 2]
    chances = [found["probabilities"][spec.class_names[0]] for found in answer["predictions"]]
    assert chances == pytest.approx(np.arange(10) / 1000)
    assert "batch_samples_count 3.0" in metrics and "batch_samples_sum 10.0" in metrics


@pytest.mark.parametrize(
    ("instance", "status", "code", "words"),
    [
        (rb'{"\ud800": 1}', 400, "not_json", "half a character"),
        (rb'{"workclass": "\uDfff!"}', 400, "not_json", "half a character"),
        (b'{"workclass": "\xed\xa0\x80"}', 400, "not_json", "can't decode"),
        (b'{"age": 1' + b"0" * 400 + b"}", 422, "bad_sample", "'age' must be a number"),
        (b'{"age": 1' + b"0" * 5000 + b"}", 400, "not_json", "more than 4,300 digits"),
        (b"[" * 50_000, 400, "not_json", "too deep in each other"),
    ],
)
def test_half_characters_and_endless_numbers_are_refused_in_words(
    instance: bytes, status: int, code: str, words: str, cache: Path
) -> None:
    with TestClient(served("adult_income", cache, Limits())) as client:
        answer = client.post(ASKED, content=b'{"instances": [' + instance + b"]}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert words in answer.json()["error"] and "sys." not in answer.json()["error"]


def test_a_sample_without_its_picture_is_told_how_one_is_sent(cache: Path) -> None:
    with TestClient(served("digits", cache, Limits())) as client:
        answer = client.post(ASKED, json={"instances": [{}]})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_sample")
    assert "base64" in answer.json()["error"]


def test_both_halves_of_a_character_are_one(cache: Path) -> None:
    with TestClient(served("adult_income", cache, Limits())) as client:
        answer = client.post(ASKED, content=rb'{"instances": [{"workclass": "\ud83d\ude00 \\ud800"}]}')
    assert answer.status_code == 200
    assert "'\N{GRINNING FACE} \\ud800'" in answer.json()["warnings"][0]


def test_a_form_with_half_a_character_is_refused_in_words(cache: Path) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="+2AA-"\r\n\r\n1\r\n--x--\r\n'
    head = {"Content-Type": "multipart/form-data; boundary=x; charset=utf-7"}
    with TestClient(served("adult_income", cache, Limits())) as client:
        answer = client.post(ASKED, content=body, headers=head)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_column")


def test_a_crowd_of_unseen_values_is_told_by_the_first_ones(cache: Path) -> None:
    row = {"workclass": "Privat", "education": "Bachelor", "occupation": "x" * 10_000}
    with TestClient(served("adult_income", cache, Limits())) as client:
        answer = client.post(ASKED, json={"instances": [row] * 100})
    warnings = answer.json()["warnings"]
    assert len(warnings) == 21 and "they are not listed" in warnings[-1]
    assert "Did you mean 'Private'?" in warnings[0] and "Did you mean" not in warnings[19]


def test_bodies_that_are_too_many_together_are_refused_until_there_is_room(cache: Path) -> None:
    small, large = ({"instances": [{"age": 40, "workclass": "x" * size}]} for size in (400, 800))
    with TestClient(served("adult_income", cache, Limits(held_bytes=600))) as client:
        for _ in range(2):
            refused = client.post(ASKED, json=large)
            assert (refused.status_code, refused.json()["code"]) == (503, "busy")
            assert refused.headers["Retry-After"]
            assert client.post(ASKED, json=small).status_code == 200


def test_a_server_goes_on_with_its_model_when_the_file_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(scaled_by(2.0))
    model = LiteRTModel(file, batched=True)
    one, four = ({"numbers": np.ones((count, 3), np.float32)} for count in (1, 4))
    assert model.run(one)[0].tolist() == [[6.0]]
    file.write_bytes(scaled_by(5.0))
    assert model.run(four)[0].tolist() == [[6.0]] * 4


def test_a_saved_model_leaves_memory_of_a_graphics_card_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_saved_model(*[summing()] * 2, tmp_path)
    # Set first, so that it is put back whatever it was.
    monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", "")
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH")
    assert SavedModel(tmp_path).run({"numbers": np.ones((2, 3), np.float32)})[0].tolist() == [[3.0]] * 2
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


def scaled_by(factor: float) -> bytes:
    """Return a TFLite file that adds three numbers and multiplies the sum."""
    return float32(summing(factor), batch=None)


def summing(factor: float = 1.0) -> keras.Model:
    """Return a model that adds three numbers and multiplies the sum."""
    inputs = keras.Input((3,), name="numbers")
    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer=keras.initializers.Constant(factor))
    return keras.Model({"numbers": inputs}, dense(inputs))
