"""A served generator makes the samples that the studio makes of the same seed."""

import base64
import io
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from small_generators import small_dcgan, small_sequence_gan
from small_served import Case

from builder import compiler
from builder.adversarial.latent import latent_data
from builder.adversarial.model import kept_part
from builder.explain.generating import generate
from builder.export.tflite import float32
from builder.serving.application import application
from builder.serving.limits import Limits
from builder.serving.model import Arrays, Description, opened
from builder.train.randomness import seed_everything

PLACE = "/v1/models/maker"
WAYS: tuple[dict[str, Any], ...] = (
    {"count": 3, "seed": 7},
    {"count": 4, "seed": 2, "between": True, "other_seed": 9},
)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Case]:
    made: dict[str, Case] = {}

    def case(kind: str) -> Case:
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            project, prepared = (small_dcgan if kind == "pictures" else small_sequence_gan)(folder)
            seed_everything(project.training_settings())
            model = kept_part(compiler.build(project, prepared.spec))
            batched = kind == "pictures"
            (folder / "model.tflite").write_bytes(float32(model, batch=None if batched else 1))
            (noise,) = latent_data(prepared, project).spec.arrays
            spec, described = prepared.spec, ("maker", "Maker", prepared.spec, ("linear",), "model.tflite")
            Description(*described, batched, "auto", noise).write(folder)
            made[kind] = Case(model, spec, folder, Description.read(folder))
        return made[kind]

    return case


@pytest.fixture
def client(
    cases: Callable[[str], Case], request: pytest.FixtureRequest
) -> Iterator[tuple[Case, httpx.Client]]:
    """A server of the generator that the test names, pictures or series."""
    case = cases(getattr(request, "param", "pictures"))
    with TestClient(application(case.description, opened(case.folder, case.description), Limits())) as http:
        yield case, http


def ask(http: httpx.Client, **parameters: Any) -> list[Any]:
    response = http.post(f"{PLACE}:predict", json={"parameters": parameters})
    assert response.status_code == 200, response.text
    return list(response.json()["predictions"])


def pixels(file: bytes) -> np.ndarray:
    picture = Image.open(io.BytesIO(file))
    assert picture.format == "PNG"
    return np.asarray(picture).astype(int)


def test_pictures_are_those_that_the_studio_makes_of_the_same_seed(client: tuple[Case, httpx.Client]) -> None:
    case, http = client
    for way in WAYS:
        wanted = generate(case.model, case.spec, way)["samples"][..., 0]
        found = [pixels(base64.b64decode(one["image"])) for one in ask(http, **way)]
        # Another runtime may round a pixel the other way.
        assert np.abs(np.array(found) - wanted).max() <= 1
    assert len(ask(http)) == 16
    assert len(http.post(f"{PLACE}:predict").json()["predictions"]) == 16


@pytest.mark.parametrize("client", ["series"], indirect=True)
def test_series_have_their_columns_names_and_the_datas_units(client: tuple[Case, httpx.Client]) -> None:
    case, http = client
    names = case.spec.inputs[0].settings["columns"]
    for way in WAYS:
        wanted = generate(case.model, case.spec, way)["samples"]
        found = ask(http, **way)
        assert all(list(one["series"]) == names for one in found)
        made = np.array([[one["series"][name] for name in names] for one in found])
        assert made.transpose(0, 2, 1) == pytest.approx(wanted, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(
    ("accept", "is_file"),
    [
        ("image/png", True),
        ("image/*", True),
        ("application/json;q=0.5, image/png", True),
        ("*/*", False),
        ("image/webp, */*", False),
        ("image/png;q=0.4, application/json;q=0.9", False),
        ("application/json, image/png", False),
        ("image/png;q=high, */*", False),
        ("", False),
    ],
)
def test_one_picture_may_be_had_as_a_file(
    client: tuple[Case, httpx.Client], accept: str, is_file: bool
) -> None:
    case, http = client
    answer = http.post(f"{PLACE}:predict", json={"parameters": {"seed": 7}}, headers={"Accept": accept})
    assert answer.headers["Content-Type"] == ("image/png" if is_file else "application/json")
    if is_file:
        wanted = generate(case.model, case.spec, {"seed": 7, "count": 1})["samples"][0, ..., 0]
        assert np.abs(pixels(answer.content) - wanted).max() <= 1


@pytest.mark.parametrize("client", ["pictures", "series"], indirect=True)
def test_its_documented_example_and_settings_are_what_it_takes(client: tuple[Case, httpx.Client]) -> None:
    case, http = client
    known = http.get(f"{PLACE}/metadata").json()
    (name,) = known["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]
    assert name == case.description.arrays[0].name and "instance" not in known
    operation = http.get("/openapi.json").json()["paths"][f"{PLACE}:predict"]["post"]
    body = operation["requestBody"]["content"]["application/json"]
    assert (
        body["example"] == known["example"]
        and body["schema"]["properties"]["parameters"] == known["parameters"]
    )
    (described,) = (
        one["properties"]["predictions"]["items"]
        for one in [operation["responses"]["200"]["content"]["application/json"]["schema"]]
    )
    predictions = http.post(f"{PLACE}:predict", json=known["example"]).json()["predictions"]
    assert len(predictions) == 4 and all(set(one) == set(described["required"]) for one in predictions)
    usual = {name: one["default"] for name, one in known["parameters"]["properties"].items()}
    assert len(ask(http, **usual)) == 16
    assert "predictions_total 20.0" in http.get("/metrics").text
    assert "</html>" in http.get("/").text and "</html>" in http.get("/docs").text


@pytest.mark.parametrize(
    ("body", "accept", "status", "words"),
    [
        ({"parameters": {"seed": -1}}, "*/*", 422, "seed"),
        ({"parameters": {"count": 0}}, "*/*", 422, "count"),
        ({"parameters": {"count": 129}}, "*/*", 413, "128 at most"),
        ({"parameters": {"heat": 1}}, "*/*", 422, "heat"),
        ({"parameters": [1]}, "*/*", 422, "must be an object"),
        ({"instances": [{"latent": [0.0]}]}, "*/*", 422, "leave out 'instances'"),
        ({"parameters": {"count": 2}}, "image/png", 406, "one picture"),
        ([1], "*/*", 400, "must be an object"),
    ],
)
def test_bad_wishes_are_refused_in_words(
    client: tuple[Case, httpx.Client], body: Any, accept: str, status: int, words: str
) -> None:
    _, http = client
    response = http.post(f"{PLACE}:predict", json=body, headers={"Accept": accept})
    assert (response.status_code, words in response.json()["error"]) == (status, True), response.text


@pytest.mark.parametrize("client", ["series"], indirect=True)
def test_series_are_no_file_of_a_picture(client: tuple[Case, httpx.Client]) -> None:
    _, http = client
    assert http.post(f"{PLACE}:predict", headers={"Accept": "image/png"}).status_code == 406
    form = http.post(f"{PLACE}:predict", files={"seed": b"1"})
    assert form.status_code == 415 and "JSON" in form.json()["error"]


class Blank:
    """Makes black pictures; tells how many each run makes."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.runs: list[int] = []

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        (noise,) = arrays.values()
        self.runs.append(len(noise))
        return [np.zeros((len(noise), *self.shape), np.float32)]


def test_a_server_of_few_samples_a_request_makes_as_many_unless_told_otherwise(
    cases: Callable[[str], Case],
) -> None:
    case = cases("pictures")
    model = Blank(case.spec.sample_shape)
    with TestClient(application(case.description, model, Limits(instances=6, batch=4))) as http:
        schema = http.get(f"{PLACE}/metadata").json()["parameters"]["properties"]["count"]
        assert (schema["maximum"], schema["default"]) == (6, 6)
        assert len(ask(http)) == 6 and model.runs == [4, 2]
        assert http.post(f"{PLACE}:predict", json={"parameters": {"count": 7}}).status_code == 413
