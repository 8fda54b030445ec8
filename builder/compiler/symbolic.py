"""What Keras makes of one block: output shape and weights, without allocating anything."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import Any

import keras

from builder.blocks import registry
from builder.compiler.tensors import TensorSpec, spec_of
from builder.data.preprocessing import model_input_tensors
from builder.data.spec import ModelInput

_NAME = "block"


@dataclass(frozen=True)
class Outcome:
    """The result of calling a block on symbolic tensors.

    ``suffixes`` are the names of its layers after the node's id (whole names for an input, which the
    data name); ``error`` is Keras's refusal.
    """

    output: TensorSpec | None
    parameters: int = 0
    trainable: int = 0
    suffixes: tuple[str, ...] = ()
    error: str = ""
    is_input: bool = False

    def layer_names(self, node_id: str) -> list[str]:
        """Return the names of the layers that the block makes under a node's id."""
        return [suffix if self.is_input else node_id + suffix for suffix in self.suffixes]


def outcome(kind: str, values: Mapping[str, Any], inputs: Mapping[str, Any]) -> Outcome:
    """Return what a block does with its inputs.

    Args:
        kind: the block's kind.
        values: every parameter's value, none of them "auto".
        inputs: for each port a ``TensorSpec``, or a tuple of them for a variadic port.
    """
    return _cached(kind, json.dumps(values, sort_keys=True), tuple(inputs.items()))


@lru_cache(maxsize=20_000)
def _cached(kind: str, values: str, inputs: tuple[tuple[str, Any], ...]) -> Outcome:
    block = registry()[kind]
    with keras.StatelessScope(initialize_variables=False), warnings.catch_warnings():
        # Keras warns of a mask that ends here; the design rules say so in the user's words.
        warnings.simplefilter("ignore")
        sources: list[Any] = []
        tensors = {port: _tensors(given, sources) for port, given in inputs}
        try:
            output = block.apply(json.loads(values), _NAME, tensors)
        except Exception as error:  # Keras raises many types; the message is all that is used.
            return Outcome(None, error=_first_line(error))
        # A lone layer is asked itself: wrapping it in a model costs more than calling it.
        whole = output._keras_history.operation if block.is_layer else keras.Model(sources, output)
        return _measured(whole, output)


def input_outcome(model_input: ModelInput) -> Outcome:
    """Return the shape that an input block gives after its preprocessing."""
    settings = {name: value for name, value in model_input.settings.items() if name != "vocabulary"}
    key = json.dumps({**model_input.to_json(), "settings": settings}, sort_keys=True)
    if key not in _INPUT_OUTCOMES:
        with keras.StatelessScope(initialize_variables=False):
            sources, output = model_input_tensors(model_input)
            model = keras.Model(sources, output)
            names = tuple(layer.name for layer in model.layers)
            measured = _measured(model, output)
        _INPUT_OUTCOMES[key] = replace(measured, suffixes=names, is_input=True)
    return _INPUT_OUTCOMES[key]


_INPUT_OUTCOMES: dict[str, Outcome] = {}


def _tensors(given: Any, sources: list[Any]) -> Any:
    if isinstance(given, tuple):
        return [_tensors(item, sources) for item in given]
    tensor = keras.Input(batch_shape=given.shape, dtype=given.dtype)
    sources.append(tensor)
    if given.masked:
        mask = keras.Input(batch_shape=given.shape[:2], dtype="bool")
        sources.append(mask)
        # The attribute by which Keras itself hands a mask from layer to layer.
        tensor._keras_mask = mask
    return tensor


def _measured(whole: Any, output: Any) -> Outcome:
    layers = whole.layers if isinstance(whole, keras.Model) else [whole]
    return Outcome(
        spec_of(output, getattr(output, "_keras_mask", None) is not None),
        _size(whole.weights),
        _size(whole.trainable_weights),
        tuple(layer.name.removeprefix(_NAME) for layer in layers if layer.name.startswith(_NAME)),
    )


def _size(weights: list[Any]) -> int:
    return sum(prod(weight.shape) for weight in weights)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__
