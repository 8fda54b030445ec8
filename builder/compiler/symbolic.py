"""What Keras makes of one block: output shape and weights, without allocating anything."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import prod
from typing import Any

import keras

from builder.blocks import registry
from builder.blocks.base import Block
from builder.blocks.weightless import without_weights
from builder.compiler.figures.layers import LayerFigures, calls, layer_figures
from builder.compiler.figures.reach import Reach, block_reach
from builder.compiler.tensors import TensorSpec, spec_of
from builder.compiler.weight_rules import weight_fault
from builder.data.preprocessing import model_input_tensors
from builder.data.spec import ModelInput

_NAME = "block"

# What no shape depends on.
_LONG = ("vocabulary", "tokenizer_file")


@dataclass(frozen=True)
class Outcome:
    """The result of calling a block on symbolic tensors.

    ``outputs`` are its tensors by port, empty where Keras refused with ``error``; ``suffixes`` are the
    names of its layers after the node's name (whole names for an input, which the data name);
    ``weight_shapes`` are those of all its weights; ``layers`` say what its layers cost,
    ``reach`` how far it looks.
    """

    outputs: Mapping[str, TensorSpec] = field(default_factory=dict)
    parameters: int = 0
    trainable: int = 0
    suffixes: tuple[str, ...] = ()
    error: str = ""
    is_input: bool = False
    weight_shapes: tuple[tuple[int, ...], ...] = ()
    layers: tuple[LayerFigures, ...] = ()
    reach: Reach | None = None

    @property
    def output(self) -> TensorSpec:
        """The first output."""
        return next(iter(self.outputs.values()))

    def layer_names(self, name: str) -> list[str]:
        """Return the names of the layers that the block makes under a node's name."""
        return [suffix if self.is_input else name + suffix for suffix in self.suffixes]

    def shared(self) -> Outcome:
        """Return the outcome of a further use of the same layers: no weights and no layers of its own."""
        layers = tuple(layer.without_weights() for layer in self.layers)
        return replace(self, parameters=0, trainable=0, suffixes=(), layers=layers)

    def frozen(self) -> Outcome:
        """Return the outcome with weights that are not trained."""
        return replace(self, trainable=0)


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
    with _only_looked_at(), warnings.catch_warnings():
        # Keras warns of a mask that ends here; the design rules say so in the user's words.
        warnings.simplefilter("ignore")
        sources: list[Any] = []
        tensors = {port: _tensors(given, sources) for port, given in inputs}
        try:
            chosen = json.loads(values)
            outputs = block.named_outputs(chosen, block.apply(chosen, _NAME, tensors))
        except Exception as error:  # Keras raises many types; the message is all that is used.
            return Outcome(error=_first_line(error))
        whole = _whole(block, sources, outputs)
        fault = weight_fault(whole) if hasattr(whole, "weights") else ""
        return Outcome(error=fault) if fault else _measured(whole, outputs)


@contextmanager
def _only_looked_at() -> Iterator[None]:
    """Make layers without memory for weights, and leave the random numbers to the layers of a model.

    Every layer draws the seeds of its weights from Python's generator as it is made. Whether this module
    makes one depends on its cache, and a model's initial weights must not.
    """
    state = random.getstate()
    try:
        with without_weights():
            yield
    finally:
        random.setstate(state)


def _whole(block: Block, sources: list[Any], outputs: dict[str, Any]) -> Any:
    first = next(iter(outputs.values()))
    # A lone layer is asked itself: wrapping it in a model costs more than calling it.
    return first._keras_history.operation if block.is_layer else keras.Model(sources, list(outputs.values()))


def input_outcome(model_input: ModelInput) -> Outcome:
    """Return the shape that an input block gives after its preprocessing."""
    settings = {name: value for name, value in model_input.settings.items() if name not in _LONG}
    key = json.dumps({**model_input.to_json(), "settings": settings}, sort_keys=True)
    if key not in _INPUT_OUTCOMES:
        with _only_looked_at():
            sources, output = model_input_tensors(model_input)
            model = keras.Model(sources, output)
            names = tuple(layer.name for layer in model.layers)
            measured = _measured(model, {"output": output}, is_input=True)
        _INPUT_OUTCOMES[key] = replace(measured, suffixes=names)
    return _INPUT_OUTCOMES[key]


_INPUT_OUTCOMES: dict[str, Outcome] = {}


def free_input_outcome(shape: Sequence[int], dtype: str, batch_size: int | None = None) -> Outcome:
    """Return what an input gives that the data do not feed; -1 stands for a size that is not known."""
    sizes = (batch_size, *(None if size == -1 else size for size in shape))
    return Outcome({"output": TensorSpec(sizes, dtype)}, suffixes=("",))


def passed_through(spec: TensorSpec) -> Outcome:
    """Return the outcome of a block that hands its input on without a layer."""
    return Outcome({"output": spec})


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


def _measured(whole: Any, outputs: dict[str, Any], is_input: bool = False) -> Outcome:
    layers = whole.layers if isinstance(whole, keras.Model) else [whole]
    return Outcome(
        {port: spec_of(tensor, has_mask(tensor)) for port, tensor in outputs.items()},
        _size(whole.weights),
        _size(whole.trainable_weights),
        tuple(layer.name.removeprefix(_NAME) for layer in layers if layer.name.startswith(_NAME)),
        is_input=is_input,
        weight_shapes=tuple(tuple(weight.shape) for weight in whole.weights),
        layers=layer_figures(whole, "" if is_input else _NAME, with_inputs=is_input),
        reach=block_reach(calls(whole), next(iter(outputs.values()))),
    )


def has_mask(tensor: Any) -> bool:
    """Tell whether a Keras tensor carries a mask to the next layer."""
    return getattr(tensor, "_keras_mask", None) is not None


def _size(weights: list[Any]) -> int:
    return sum(prod(weight.shape) for weight in weights)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__
