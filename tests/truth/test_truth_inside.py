"""A block of several layers is looked into, and single layers of it stay in floats."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import keras
import numpy as np
import pytest
from graph_cases import chain
from small_models import train

from builder.compiler import build
from builder.data.prepare import prepare
from builder.errors import BuilderError
from builder.export.formats import FORMATS
from builder.export.job import Job
from builder.export.preflight.operators import operators_by_part
from builder.export.quantization import Quantization
from builder.project import DataRecipe, Project
from builder.truth import worker
from builder.truth.layers import answers, own_errors
from builder.truth.worker import Measurer

pytestmark = [
    pytest.mark.slow,
    # TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # The calibrator looks at every tensor, as it must.
    pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`:UserWarning"),
]

INT8, BEHIND = FORMATS["tflite_int8"], "tflite_int8_spectrogram"
DIGITS = Project(
    "Digits",
    DataRecipe({"kind": "sample", "name": "digits"}, task="classification"),
    chain(
        ("picture", "input.v1"),
        ("stem", "residual_block.v1", {"filters": 6}),
        ("pool", "global_average_pooling2d.v1"),
        ("head", "classification_head.v1"),
    ),
)
# Both sides of the strong channel, as the converted operators are named.
LAYERS = ("stem/stem_norm_1", "stem/stem_norm_2")


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A trained model with one channel inside of a block so strong that 8 bits leave the others nothing."""
    folder = tmp_path_factory.mktemp("inside")
    prepared = prepare(DIGITS.data, folder)
    keras.utils.set_random_seed(2)
    model = build(DIGITS, prepared.spec)
    train(model, prepared, steps=60)
    strong = np.array([1000.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    norm, behind = model.get_layer("stem_norm_1"), model.get_layer("stem_conv_2")
    norm.gamma.assign(norm.gamma * strong)
    norm.beta.assign(norm.beta * strong)
    behind.kernel.assign(behind.kernel / strong[:, None])
    model.save(folder / "model.keras")
    file, prepared_folder = str(folder / "model.keras"), str(prepared.folder)
    return Job(file, DIGITS.to_json(), prepared_folder, str(folder), (INT8.name,), kept())


def kept(*parts: str) -> Quantization:
    return Quantization(parts, calibration_samples=30)


def test_the_layers_that_hurt_are_named_and_kept_in_floats_alone(job: Job) -> None:
    before, after = Measurer(job), Measurer(replace(job, quantization=kept(*LAYERS)))
    files = [found._tflite_of(INT8.name) for found in (before, after)]
    told = before._layers(INT8, files[0])
    assert {row["block"] for row in told["inside"][:2]} == set(LAYERS) <= set(told["hurting"])
    stem = next(row for row in told["layers"] if row["block"] == "stem")
    assert sum(row["share"] for row in told["inside"]) == pytest.approx(stem["share"])

    operators = operators_by_part(files[1], after.owners)
    assert {part for part, kinds in operators.items() if kinds["float"]} == set(LAYERS)
    left = next(row for row in after._layers(INT8, files[1])["layers"] if row["block"] == "stem")
    assert left["share"] < 0.05 < 0.5 < stem["share"]
    exact, *rounded = (answers(file, before._samples) for file in (before.tflite, *files))
    errors = [np.abs(found - exact).mean() for found in rounded]
    assert errors[1] < errors[0] / 2


def test_what_could_not_be_measured_in_time_is_not_made_up_for_by_the_rest(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The minute that there is suffices for the first of them.
    monkeypatch.setattr(worker, "own_errors", partial(own_errors, clock=count(0, 40).__next__))
    measurer = Measurer(job)
    told = measurer._layers(INT8, measurer._tflite_of(INT8.name))
    (stem,) = (row for row in told["layers"] if row["share"] is not None)
    (first,) = told["inside"]
    assert stem["block"] == "stem" and first["share"] < 0.7 * stem["share"] and stem["share"] < 0.999


def test_a_layer_that_a_block_does_not_have_is_told_with_those_that_it_has(job: Job) -> None:
    with pytest.raises(BuilderError, match="no layer 'stem/stem_norm'.*stem/stem_norm_1"):
        Measurer(replace(job, quantization=kept("stem/stem_norm")))._tflite_of(INT8.name)
    with pytest.raises(BuilderError, match="'pool' has no layer 'pool/inside'. It is one layer as a whole"):
        Measurer(replace(job, quantization=kept("pool/inside")))._tflite_of(INT8.name)


def test_what_lies_before_a_spectrogram_may_stay_in_floats_beside_the_network_behind_it(
    tmp_path: Path,
) -> None:
    data = DataRecipe({"kind": "sample", "name": "spoken_digits"}, task="classification")
    flat, head = ("flat", "flatten.v1"), ("head", "classification_head.v1")
    project = Project("Sounds", data, chain(("sound", "input.v1"), flat, head))
    prepared = prepare(data, tmp_path)
    build(project, prepared.spec).save(tmp_path / "model.keras")
    folders = str(prepared.folder), str(tmp_path)
    job = Job(str(tmp_path / "model.keras"), project.to_json(), *folders, (BEHIND,), kept())
    files = [
        Measurer(replace(job, quantization=choice))._tflite_of(BEHIND)
        for choice in (kept(), kept("sound/audio_bels"))
    ]
    assert files[0] == files[1]
