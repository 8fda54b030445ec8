"""Scores of an anomaly detection: a model that diverged is told in words, and data are read in pieces."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from builder.data.prepare import prepare
from builder.data.preprocessing import model_input_tensors
from builder.errors import BuilderError
from builder.explain.evaluation import evaluate
from builder.project import DataRecipe

# TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    folder = tmp_path_factory.mktemp("machines")
    lines = [f"{n % 7},{n % 5},{'broken' if n % 10 == 0 else 'good'}" for n in range(200)]
    (folder / "machines.csv").write_text("\n".join(["x,y,state", *lines]))
    roles = {"x": "numeric", "y": "numeric", "state": "target"}
    source = {"kind": "csv", "path": str(folder / "machines.csv")}
    return prepare(DataRecipe(source, "reconstruction", roles), folder / "cache")


def model_of(prepared, bias):
    inputs, x = model_input_tensors(prepared.spec.inputs[0])
    start = keras.initializers.Constant(bias)
    output = keras.layers.Dense(prepared.spec.target_shape[0], bias_initializer=start)(x)
    return keras.Model({tensor.name: tensor for tensor in inputs}, output)


def test_a_diverged_model_is_told_in_words(machines):
    with pytest.raises(BuilderError, match="not a number .* lower the learning rate"):
        evaluate(model_of(machines, np.nan), machines)


def test_rows_are_read_in_pieces(machines):
    class Watched:
        longest = 0

        def __getitem__(self, rows):
            self.longest = max(self.longest, len(rows))
            return machines.targets[rows]

    watched = Watched()
    rows = np.tile(machines.indices["test"], 40)
    many = replace(machines, targets=watched, indices={**machines.indices, "test": rows})
    once, often = evaluate(model_of(machines, 0.0), machines), evaluate(model_of(machines, 0.0), many)
    assert once["baseline"] == pytest.approx(often["baseline"])
    assert watched.longest <= 1000 < len(rows)
