"""The web application over every kind of input and answer, with the preset's own model behind it."""

from pathlib import Path

import numpy as np
import pytest
from alike import mostly_rare
from fastapi.testclient import TestClient

from builder import compiler
from builder.data.prepare import prepare
from builder.data.spec import DataSpec
from builder.errors import BuilderError
from builder.explain.predict import predict
from builder.export.server import check_served, slug
from builder.outputs import each_output, output_activation, predict_arrays
from builder.project import load_preset, preset_names
from builder.serving.application import application
from builder.serving.limits import Limits
from builder.serving.model import Arrays, Description
from builder.serving.samples import samples_of

# One of each kind of input and answer; pictures, rows and texts are served by real processes elsewhere.
ALWAYS = ("audio/speech_commands", "series/lstm_forecast", "images/detection", "multimodal/feature_fusion")
UNSERVED = ("language_model", "text_to_text", "generation")


def presets() -> list[object]:
    served = [name for name in preset_names() if load_preset(name).data.task not in UNSERVED]
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


@pytest.mark.parametrize("task", UNSERVED)
def test_what_a_server_cannot_answer_is_said_in_words(task: str) -> None:
    with pytest.raises(BuilderError) as caught:
        check_served(DataSpec(task, ()))
    assert caught.value.problems[0].code == "not_served"
