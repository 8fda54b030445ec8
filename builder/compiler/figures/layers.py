"""The figures of every layer that a block makes, read off Keras's symbolic call of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import keras

from builder.compiler.figures.flops import Shape, flops, rough_flops, values_of
from builder.compiler.figures.inner_values import inner_values
from builder.compiler.figures.unit_axes import owned_weights, unit_axes


@dataclass(frozen=True)
class LayerFigures:
    """What one layer costs on one sample.

    ``name`` is the layer's within its block; ``values`` counts what it gives, ``inner`` what it keeps
    inside for the gradient; ``bytes_a_value`` is the size of one value that it gives. ``matrices`` and
    ``vectors`` count the weights by rank, ``channels`` the scales that 8 bits need. ``is_rough`` marks
    operations that were guessed.
    """

    name: str
    kind: str
    shape: Shape
    parameters: int
    flops: int
    values: int
    inner: int
    bytes_a_value: int
    matrices: int
    vectors: int
    channels: int
    is_rough: bool = False

    @property
    def activation_bytes(self) -> int:
        """The memory of what the layer gives for one sample."""
        return self.values * self.bytes_a_value

    @property
    def inner_bytes(self) -> int:
        """The memory of what the layer keeps inside for the gradient of one sample."""
        return self.inner * self.bytes_a_value

    def with_vectors(self, vectors: int) -> LayerFigures:
        """Return the figures with another number of weights in vectors, such as biases."""
        return replace(self, vectors=vectors)

    def without_weights(self) -> LayerFigures:
        """Return the figures of a further use of the same layer."""
        return replace(self, parameters=0, matrices=0, vectors=0, channels=0)


def layer_figures(whole: Any, prefix: str, with_inputs: bool = False) -> tuple[LayerFigures, ...]:
    """Return the figures of the layers of a block, in the order in which they are computed.

    Args:
        whole: the built layer, or the functional model around a composite's layers.
        prefix: the beginning of the layers' names, left out of the figures.
        with_inputs: whether the model's inputs are the data's own, and so count.
    """
    found: list[LayerFigures] = []
    seen: set[int] = set()
    for operation, inputs, outputs in calls(whole):
        if type(operation).__name__ == "InputLayer" and not with_inputs:
            continue
        figures = _of_call(operation, inputs, outputs, prefix)
        found.append(figures.without_weights() if id(operation) in seen else figures)
        seen.add(id(operation))
    return tuple(found)


def calls(whole: Any) -> Iterator[tuple[Any, list[Any], list[Any]]]:
    """Yield operation, input tensors and output tensors of each call, in order, nested models opened.

    Args:
        whole: a built layer, of which the last call counts, or a functional model.
    """
    if not _is_functional(whole):
        node = whole._inbound_nodes[-1]
        yield from _opened(whole, node.input_tensors, node.output_tensors)
        return
    for depth in sorted(whole._nodes_by_depth, reverse=True):
        for node in whole._nodes_by_depth[depth]:
            yield from _opened(node.operation, node.input_tensors, node.output_tensors)


def _is_functional(operation: Any) -> bool:
    return isinstance(operation, keras.Model) and hasattr(operation, "_nodes_by_depth")


def _opened(
    operation: Any, inputs: list[Any], outputs: list[Any]
) -> Iterator[tuple[Any, list[Any], list[Any]]]:
    inner = getattr(operation, "_functional", None) or operation
    if not _is_functional(inner):
        yield operation, inputs, outputs
        return
    for call in calls(inner):
        if type(call[0]).__name__ != "InputLayer":
            yield call


def _of_call(operation: Any, inputs: list[Any], outputs: list[Any], prefix: str) -> LayerFigures:
    given = [tuple(tensor.shape) for tensor in inputs]
    made = [tuple(tensor.shape) for tensor in outputs]
    work = flops(operation, given, made)
    weights = [tuple(weight.shape) for weight in getattr(operation, "weights", ())]
    matrices = [shape for shape in weights if len(shape) > 1]
    return LayerFigures(
        name=operation.name.removeprefix(prefix).removeprefix("_"),
        kind=type(operation).__name__,
        shape=made[0],
        parameters=sum(map(prod, weights)),
        flops=rough_flops(operation, made) if work is None else work,
        values=sum(map(values_of, made)),
        inner=inner_values(operation, given, made),
        bytes_a_value=_item_size(outputs[0].dtype),
        matrices=sum(map(prod, matrices)),
        vectors=sum(prod(shape) for shape in weights if len(shape) < 2),
        channels=_channels(operation),
        is_rough=work is None,
    )


def _channels(operation: Any) -> int:
    """Return how many scales the weights need in 8 bits: one a filter, one for a lookup table.

    Biases share those of their filters, also where they have the axes of several heads.
    """
    owned = owned_weights(operation) if isinstance(operation, keras.Layer) else ()
    matrices = [(layer, weight) for layer, weight in owned if len(weight.shape) > 1 and weight.name != "bias"]
    return sum(
        1
        if type(layer) is keras.layers.Embedding
        else prod(weight.shape[axis] for axis in unit_axes(layer, weight))
        for layer, weight in matrices
    )


def _item_size(dtype: str) -> int:
    sizes = {
        "bool": 1,
        "int8": 1,
        "uint8": 1,
        "float16": 2,
        "bfloat16": 2,
        "int16": 2,
        "int64": 8,
        "float64": 8,
    }
    return sizes.get(keras.backend.standardize_dtype(dtype), 4)
