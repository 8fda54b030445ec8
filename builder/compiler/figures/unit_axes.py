"""Whose a weight is, where in a kernel the units of a layer lie, and where what they read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import keras

_DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
_TRANSPOSED = (keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose)


def owned_weights(whole: keras.Layer) -> Iterable[tuple[keras.Layer, Any]]:
    """Return every trained weight of a layer or model once, after the innermost layer that it is of."""
    owned: dict[int, tuple[keras.Layer, Any]] = {}
    for layer in whole._flatten_layers():
        for weight in layer._trainable_variables:
            # What wraps a layer may hold its weights, too, and comes before it.
            owned[id(weight)] = layer, weight
    return owned.values()


def unit_axes(layer: keras.Layer, weight: Any) -> tuple[int, ...]:
    """Return the axes of a kernel, or of an embedding table, over which the layer's units lie.

    Args:
        layer: a built layer.
        weight: one of its own weights, whose name and shape are read.
    """
    last = len(weight.shape) - 1
    # What low-rank adaptation adds to a kernel has other axes.
    if isinstance(layer, keras.layers.EinsumDense) and weight.name == "kernel":
        _, kernel, output = re.split(",|->", layer.equation)
        return tuple(axis for axis, letter in enumerate(kernel) if letter in output)
    if isinstance(layer, _TRANSPOSED):
        return (last - 1,)
    if isinstance(layer, _DEPTHWISE) or weight.name == "depthwise_kernel":
        return (last - 1, last)
    return (last,)


def read_axes(layer: keras.Layer, weight: Any) -> tuple[int, ...]:
    """Return the other axes: over these lies what every unit reads, places among it."""
    units = unit_axes(layer, weight)
    return tuple(axis for axis in range(len(weight.shape)) if axis not in units)
