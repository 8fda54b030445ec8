"""The calls of layers inside a functional model: a layer that several inputs share has several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

import keras


def every_call(model: keras.Model) -> list[Any]:
    """Return the calls of all layers as Keras nodes, each after those that it needs."""
    ordered = sorted(model._nodes_by_depth.items(), reverse=True)
    return [node for _, nodes in ordered for node in nodes if not node.is_input]


def calls_of(model: keras.Model, layer: keras.Layer) -> list[Any]:
    """Return the calls of a layer as Keras nodes, in the order in which the model makes them."""
    return [node for node in every_call(model) if node.operation is layer]


def readers_of(model: keras.Model, tensor: Any) -> list[Any]:
    """Return the calls, as Keras nodes, that read a symbolic tensor."""
    return [node for node in every_call(model) if any(item is tensor for item in node.input_tensors)]


@contextmanager
def replaced_calls(model: keras.Model, given: Iterable[tuple[Any, Any]]) -> Iterator[None]:
    """Let some calls of layers give other values while the model runs once.

    Args:
        model: a functional model.
        given: calls, as Keras nodes of the model, and what each gives.
    """
    by_layer: dict[int, tuple[keras.Layer, dict[int, Any]]] = {}
    for node, value in given:
        layer, values = by_layer.setdefault(id(node.operation), (node.operation, {}))
        values[calls_of(model, layer).index(node)] = value
    for layer, values in by_layer.values():
        layer.call = _replacing(layer.call, values)
    try:
        yield
    finally:
        for layer, _ in by_layer.values():
            # The instance's own attribute hid the class's method.
            del layer.call


def _replacing(original: Callable[..., Any], values: Mapping[int, Any]) -> Callable[..., Any]:
    numbers = count()

    def call(*arguments: Any, **keywords: Any) -> Any:
        number = next(numbers)
        return values[number] if number in values else original(*arguments, **keywords)

    return call
