"""What the tests of composite blocks share: models of one block, random weights, and copies of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

RANDOM = np.random.default_rng(7)


def model_of(function: Callable[..., Any], *shapes: Sequence[int | None], **arguments: Any) -> keras.Model:
    """Return a model of one composite, with random weights; shapes are those of its inputs."""
    inputs = [keras.Input(shape) for shape in shapes]
    model = keras.Model(inputs if len(inputs) > 1 else inputs[0], function(*inputs, **arguments))
    randomize(model)
    return model


def randomize(model: keras.Model) -> None:
    """Give every weight random values, those of normalizations near 1, so that each one matters."""
    for variable in model.weights:
        near_one = any(word in variable.path.rsplit("/", 1)[-1] for word in ("gamma", "variance"))
        if near_one:
            value = RANDOM.uniform(0.5, 1.5, variable.shape)
        else:
            value = RANDOM.normal(0, 0.1, variable.shape)
        variable.assign(value.astype("float32"))


def random_inputs(model: keras.Model, rows: int = 2) -> list[np.ndarray]:
    """Return random input for a model whose input sizes are all fixed."""
    return [RANDOM.normal(size=(rows, *tensor.shape[1:])).astype("float32") for tensor in model.inputs]


def trainable_size(model: keras.Model) -> int:
    """Return the number of trained weights."""
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def outputs(model: keras.Model, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return every output of a model as an array."""
    result = model(list(inputs) if len(inputs) > 1 else inputs[0], training=False)
    return [np.asarray(item) for item in (result if isinstance(result, (list, tuple)) else [result])]


def assert_same_after_reload(model: keras.Model, folder: Path) -> list[np.ndarray]:
    """Save and load a model, demand the very same outputs, and return them."""
    inputs = random_inputs(model)
    before = outputs(model, inputs)
    model.save(folder / "model.keras")
    after = outputs(keras.saving.load_model(folder / "model.keras"), inputs)
    for one, other in zip(before, after, strict=True):
        assert np.isfinite(one).all()
        np.testing.assert_array_equal(one, other)
    return before


def copy_layers(source: keras.Model, target: keras.Model, names: Mapping[str, str]) -> None:
    """Copy weights from the layers of one model to those of another, by name.

    A normalization of the target takes over another epsilon, and the bias of the convolution before
    it (which ``"conv+norm"`` names), so that both models compute the same.
    """
    for there, here in names.items():
        layer = target.get_layer(here)
        if not isinstance(layer, keras.layers.BatchNormalization):
            kept = source.get_layer(there).get_weights()[: len(layer.weights)]
            layer.set_weights(
                [value.reshape(weight.shape) for value, weight in zip(kept, layer.weights, strict=True)]
            )
            continue
        *before, there = there.split("+")
        norm = source.get_layer(there)
        gamma, beta, mean, variance = norm.get_weights()
        if before:
            mean = mean - source.get_layer(before[0]).get_weights()[1]
        layer.set_weights([gamma, beta, mean, variance + norm.epsilon - layer.epsilon])
