"""A served model writes and answers as the studio lets it write and answer."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from pairs_cases import built
from small_served import Case
from small_tasks import trained

from builder.explain.answering import answer
from builder.explain.writing import write
from builder.export.decoding_step import decoding_step
from builder.export.tflite import float32
from builder.outputs import output_activation
from builder.serving.application import application
from builder.serving.limits import Limits
from builder.serving.model import Description
from builder.serving.steps import STEP_FORMAT, SteppedTexts, opened_texts

PLACE = "/v1/models/writer"
SENTENCE = "Tom is here."


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made: dict[tuple[str, bool], Case] = {}

    def case(task: str, is_step: bool = True) -> Case:
        if (task, is_step) not in made:
            pairs = task == "text_to_text"
            model, _, prepared = built("text_to_text/transformer") if pairs else trained(task)
            folder = tmp_path_factory.mktemp(task)
            content = decoding_step(model, prepared.spec) if is_step else float32(model)
            (folder / "model.tflite").write_bytes(content)
            kind = STEP_FORMAT if is_step else "tflite_float32"
            activations = (output_activation(model),)
            spec = prepared.spec
            described = Description("writer", "Writer", spec, activations, "model.tflite", False, kind)
            made[task, is_step] = Case(model, spec, folder, described)
        return made[task, is_step]

    return case


@pytest.fixture
def client(cases: Any, request: pytest.FixtureRequest) -> Iterator[tuple[Case, httpx.Client]]:
    """A server of the case that the test names: a task, and whether the file holds one step."""
    case = cases(*getattr(request, "param", ("language_model", True)))
    app = application(case.description, opened_texts(case.folder, case.description), Limits())
    with TestClient(app) as http:
        yield case, http


def ask(http: httpx.Client, texts: list[str], **parameters: Any) -> list[str]:
    body = {"instances": [{"text": text} for text in texts], "parameters": parameters}
    response = http.post(f"{PLACE}:predict", json=body)
    assert response.status_code == 200, response.text
    return [prediction["text"] for prediction in response.json()["predictions"]]


@pytest.mark.parametrize(
    "client", [("language_model", True), ("language_model", False)], indirect=True, ids=["step", "whole"]
)
def test_it_goes_on_from_a_beginning_as_the_studio_does(client: tuple[Case, httpx.Client]) -> None:
    case, http = client
    # More than the model sees at once, so that it forgets the beginning as the studio does.
    length = case.spec.arrays[0].shape[0] + 7
    for settings in (
        {"method": "sample", "temperature": 0.9, "top_k": 5, "seed": 3, "tokens": length},
        {"method": "greedy", "tokens": 12},
        {"method": "beam", "beams": 3, "tokens": 12},
    ):
        wanted = ["".join(write(case.model, case.spec, text, settings)) for text in ("First", "A")]
        assert ask(http, ["First", "A"], **settings) == wanted


@pytest.mark.parametrize(
    "client", [("text_to_text", True), ("text_to_text", False)], indirect=True, ids=["step", "whole"]
)
def test_it_answers_texts_as_the_studio_does(client: tuple[Case, httpx.Client]) -> None:
    case, http = client
    for settings in ({"method": "greedy"}, {"method": "beam", "beams": 3}):
        assert ask(http, [SENTENCE, "Go!"], **settings) == answer(
            case.model, case.spec, [SENTENCE, "Go!"], settings
        )


@pytest.mark.parametrize("client", [("text_to_text", True), ("language_model", True)], indirect=True)
def test_its_documented_example_and_settings_are_what_it_takes(client: tuple[Case, httpx.Client]) -> None:
    case, http = client
    known = http.get(f"{PLACE}/metadata").json()
    assert set(known["example"]["instances"][0]) == set(known["instance"]["properties"])
    operation = http.get("/openapi.json").json()["paths"][f"{PLACE}:predict"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    settings = body["properties"]["parameters"]["properties"]
    usual = {name: described.get("default") for name, described in settings.items()}
    if "tokens" in usual:
        usual["tokens"] = 5
    assert http.post(f"{PLACE}:predict", json={**known["example"], "parameters": usual}).status_code == 200
    assert http.get("/metrics").text.count("predictions_total 1.0") == 1
    assert "How it writes" in http.get("/").text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"instances": [{"text": " "}]}, "beginning"),
        ({"instances": [{"text": 7}]}, "must be a text"),
        ({"instances": [{"text": "First"}], "parameters": {"temperature": 0}}, "temperature"),
        ({"instances": [{"text": "First"}], "parameters": {"heat": 1}}, "heat"),
        ({"instances": [{"text": "First"}], "parameters": [1]}, "must be an object"),
        ({"instances": [{"words": "First"}]}, "words"),
    ],
)
def test_bad_questions_are_refused_in_words(
    client: tuple[Case, httpx.Client], body: dict[str, Any], words: str
) -> None:
    _, http = client
    response = http.post(f"{PLACE}:predict", json=body)
    assert response.status_code == 422 and words in response.json()["error"]


def test_a_text_that_takes_too_long_is_given_up_and_others_are_written(cases: Any) -> None:
    case = cases("language_model")
    texts = opened_texts(case.folder, case.description)
    begun, go_on = threading.Event(), threading.Event()

    class Held(SteppedTexts):
        def _read(self, row: int, tokens: Any) -> Any:
            begun.set()
            assert go_on.wait(60)
            return super()._read(row, tokens)

    texts.__class__ = Held
    app = application(case.description, texts, Limits(seconds=0.2))
    with TestClient(app) as http:
        body = {"instances": [{"text": "First"}], "parameters": {"tokens": 5000}}
        response = http.post(f"{PLACE}:predict", json=body)
        assert begun.is_set() and response.status_code == 503 and "0.2 seconds" in response.json()["error"]
        go_on.set()
        # The first text would take thousands of steps; nobody waits for them.
        assert len(ask(http, ["First"], tokens=3)) == 1
