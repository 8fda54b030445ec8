"""A block of several layers is looked into, and single layers of it stay in floats."""

from __future__ import annotations

from dataclasses import replace

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
from builder.truth.layers import answers
from builder.truth.worker import Measurer

pytestmark = [
    pytest.mark.slow,
    # TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # The calibrator looks at every tensor, as it must.
    pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`:UserWarning"),
]

INT8 = FORMATS["tflite_int8"]
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
    assert "stem" not in after._layers(INT8, files[1])["hurting"]
    exact, *rounded = (answers(file, before._samples) for file in (before.tflite, *files))
    errors = [np.abs(found - exact).mean() for found in rounded]
    assert errors[1] < errors[0] / 2


def test_a_layer_that_a_block_does_not_have_is_told_with_those_that_it_has(job: Job) -> None:
    with pytest.raises(BuilderError, match="no layer 'stem/stem_norm'.*stem/stem_norm_1"):
        Measurer(replace(job, quantization=kept("stem/stem_norm")))._tflite_of(INT8.name)
    with pytest.raises(BuilderError, match="'pool' has no layer 'pool/inside'. It is one layer as a whole"):
        Measurer(replace(job, quantization=kept("pool/inside")))._tflite_of(INT8.name)
