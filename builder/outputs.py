"""How arrays enter a model and what its output means: one place for every kind of last layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from builder.blocks.cumulative_link import CumulativeLink

# Layers that move or keep values without changing what they mean.
_TRANSPARENT = (
    keras.layers.Dropout,
    keras.layers.Flatten,
    keras.layers.Identity,
    keras.layers.Reshape,
)


def output_activation(model: keras.Model, number: int = 0) -> str:
    """Return the name of the function that made an output of a model, such as ``"softmax"``.

    ``"linear"`` stands for a layer without one. Layers that only reshape are looked through, and
    nested models are looked into.
    """
    return _activation_of(model.outputs[number])


def arrange(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> Any:
    """Return the arrays, found by input name, in the structure and dtypes that the model takes."""
    return keras.tree.map_structure(
        lambda tensor: np.asarray(arrays[tensor.name]).astype(tensor.dtype, copy=False), model.input
    )


def each_output(model: keras.Model) -> list[keras.Model]:
    """Return the model once for every output, as if that were the only one; the weights are shared."""
    if len(model.outputs) == 1:
        return [model]
    return [keras.Model(model.input, output, name=model.name) for output in model.outputs]


def predict_arrays(
    model: keras.Model, arrays: Mapping[str, np.ndarray], rows: np.ndarray, batch_size: int = 256
) -> np.ndarray:
    """Return the model's outputs for some rows, as float32 of shape ``(rows, …, units)``.

    Args:
        model: a model with one output, whose inputs are named like the arrays.
        arrays: memory-mapped or plain arrays; only one batch at a time is read.
        rows: the indices of the samples.
        batch_size: samples a call.
    """
    names = [tensor.name for tensor in model.inputs]
    parts = []
    for start in range(0, len(rows), batch_size):
        batch = rows[start : start + batch_size]
        inputs = arrange(model, {name: arrays[name][batch] for name in names})
        parts.append(np.asarray(model.predict_on_batch(inputs), dtype=np.float32))
    return np.concatenate(parts) if parts else np.zeros((0, *model.outputs[0].shape[1:]), np.float32)


def _activation_of(tensor: Any) -> str:
    layer = tensor._keras_history.operation
    if isinstance(layer, (keras.layers.Softmax, CumulativeLink)):
        return "softmax"
    if isinstance(layer, keras.Model) and layer.outputs:
        return _activation_of(layer.outputs[0])
    if isinstance(layer, _TRANSPARENT):
        return _activation_of(layer.input)
    function = getattr(layer, "activation", None)
    return getattr(function, "__name__", "linear") if function is not None else "linear"
