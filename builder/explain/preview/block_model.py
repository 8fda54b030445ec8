"""One block as a small Keras model of its own, which can be run on a sample again and again."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from builder.blocks import registry
from builder.compiler.tensors import TensorSpec
from builder.data.preprocessing import model_input_tensors
from builder.data.spec import ModelInput
from builder.explain.preview.attention import attention_layers, recorded_attention
from builder.outputs import output_activation

CUTTING_OFF = ("relu", "relu6", "hard_shrink", "soft_shrink", "threshold", "sparse_plus")


@dataclass(frozen=True)
class Value:
    """What flows along a connection for one sample: (1, ...) and, where there is one, its mask (1, steps).

    Keras knows two masks: one that the model's layers were connected with, and one that tensors carry
    while it runs, which attention takes off its input before a shortcut reads it. Layers use either,
    so both are handed on; ``carried`` is the second.
    """

    array: np.ndarray
    mask: np.ndarray | None = None
    carried: np.ndarray | None = None


@dataclass(frozen=True)
class Result:
    """What came of running a block: its outputs by port, and the attention of its layers by name."""

    outputs: dict[str, Value]
    attention: dict[str, np.ndarray]


class BlockModel:
    """A block with weights, from the tensors at its ports to its outputs.

    Args:
        sources: the placeholders of what arrives, each followed by that of its mask where it has one.
        outputs: its outputs by port.
    """

    def __init__(self, sources: list[Any], outputs: Mapping[str, Any]) -> None:
        masks = {port: mask for port, tensor in outputs.items() if (mask := _mask_of(tensor)) is not None}
        self._ports, self._masked = list(outputs), list(masks)
        self.model = keras.Model(sources, [*outputs.values(), *masks.values()])
        self.weights_key = ""
        self._attention = attention_layers(self.model)

    @property
    def parameters(self) -> int:
        """The number of its weights."""
        return int(self.model.count_params())

    @property
    def activation(self) -> str:
        """The name of the function that made its first output, such as ``"softmax"``."""
        return output_activation(self.model)

    @property
    def cuts_off(self) -> bool:
        """Whether its output comes from a function that makes negative values zero."""
        last = self.model.outputs[0]._keras_history.operation
        return isinstance(last, keras.layers.ReLU) or self.activation in CUTTING_OFF

    def run(self, arriving: list[Value]) -> Result:
        """Return what the block makes of values, in prediction mode.

        Args:
            arriving: the values at its ports, in the ports' order.
        """
        tensors = [tensor for value in arriving for tensor in _tensors(value)]
        with recorded_attention(self._attention) as attention, _without_mask_warnings():
            given = keras.tree.flatten(self.model(tensors, training=False))
        masks = dict(zip(self._masked, map(np.asarray, given[len(self._ports) :]), strict=True))
        outputs = {
            port: Value(np.asarray(tensor), masks.get(port), _carried_by(tensor))
            for port, tensor in zip(self._ports, given, strict=False)
        }
        return Result(outputs, attention)


def block_model(
    kind: str, values: Mapping[str, Any], name: str, arriving: Mapping[str, Any], seed: str
) -> BlockModel:
    """Return a block's model with initial weights that depend on ``seed`` alone.

    Args:
        kind: the block's kind.
        values: every parameter's value, none of them "auto".
        name: the node's name, which names the layers.
        arriving: for each connected port a ``TensorSpec``, or a tuple of them for a variadic port.
        seed: any text.
    """
    block = registry()[kind]
    sources: list[Any] = []
    with _seeded(seed), _without_mask_warnings():
        tensors = {port: _placeholders(given, sources) for port, given in arriving.items()}
        outputs = block.named_outputs(values, block.apply(values, name, tensors))
        return BlockModel(sources, outputs)


def input_model(model_input: ModelInput) -> BlockModel:
    """Return the preprocessing at the beginning of a model; it takes the arrays of the input."""
    sources, output = model_input_tensors(model_input)
    return BlockModel(sources, {"output": output})


def _placeholders(given: Any, sources: list[Any]) -> Any:
    if isinstance(given, tuple):
        return [_placeholders(item, sources) for item in given]
    spec: TensorSpec = given
    tensor = keras.Input(batch_shape=spec.shape, dtype=spec.dtype)
    sources.append(tensor)
    if spec.masked:
        mask = keras.Input(batch_shape=spec.shape[:2], dtype="bool")
        sources.append(mask)
        # The attribute by which Keras itself hands a mask from layer to layer.
        tensor._keras_mask = mask
    return tensor


def _tensors(value: Value) -> list[Any]:
    tensor = keras.ops.convert_to_tensor(value.array)
    if value.carried is not None:
        tensor._keras_mask = keras.ops.convert_to_tensor(value.carried)
    return [tensor] if value.mask is None else [tensor, keras.ops.convert_to_tensor(value.mask)]


def _carried_by(tensor: Any) -> np.ndarray | None:
    mask = _mask_of(tensor)
    return None if mask is None else np.asarray(mask)


def _mask_of(tensor: Any) -> Any:
    return getattr(tensor, "_keras_mask", None)


@contextmanager
def _seeded(seed: str) -> Iterator[None]:
    # Keras draws the seeds of its initializers from Python's generator.
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@contextmanager
def _without_mask_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        # The design rules have already told that a mask ends at a block.
        warnings.filterwarnings("ignore", message="Layer .* was passed an input with a mask")
        yield
