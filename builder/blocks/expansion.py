"""What is inside a composite: the Keras layers that it becomes, and how they are connected."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import keras

from builder.blocks.base import Block, Port
from builder.blocks.weightless import without_weights
from builder.params import AUTO

# The node's name in the example; a layer is told by what follows it.
_NAME = "block"
# Small enough to be quick, with as many channels as the blocks give by default.
_SHAPES = {"image": (32, 32, 32), "sequence": (16, 64), "tokens": (16,), "vector": (64,)}
# What comes from below in a U-Net has half the size of what is skipped to it.
_SHAPES_OF_PORTS = {"lower": {"image": (16, 16, 64), "sequence": (8, 64)}}
_EXAMPLE_FACTS = {
    "class_units": 10,
    "class_activation": "softmax",
    "vocabulary_size": 10_000,
    "target_units": 1,
    "target_mean": 0.0,
    "target_deviation": 1.0,
    "sample_height": 28,
    "sample_width": 28,
    "sample_channels": 1,
    "sample_steps": 32,
    "sample_features": 1,
    "label_units": 10,
    "count_mean": 1.0,
    "given_back": "linear",
}
_BRANCHES = 2


def expansion(block: Block) -> list[dict[str, Any]]:
    """Return the layers that a composite becomes with its defaults, in the order of their calls.

    Returns:
        One ``{"name", "layer", "inputs"}`` a layer: its name after the node's name (``"block"`` for
        the layer that bears the node's own name), its Keras class, and the names of the layers and
        ports that it reads. A layer that is called several times lists what it reads in all calls.
        Empty for a block that is a single layer or an input.
    """
    if block.function is None or block.is_layer or not block.inputs:
        return []
    names: dict[int, str] = {}
    with without_weights(), warnings.catch_warnings():
        # A pretrained backbone warns of images with other than three channels; no image enters here.
        warnings.simplefilter("ignore")
        tensors = {port.name: _example(port, names) for port in block.inputs}
        result = block.apply(_values(block), _NAME, tensors)
        model = keras.Model(keras.tree.flatten(list(tensors.values())), result)
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    names |= {id(layer): layer.name.removeprefix(f"{_NAME}_") for layer in layers}
    return [
        {"name": names[id(layer)], "layer": type(layer).__name__, "inputs": _read(layer, names)}
        for layer in layers
    ]


def _example(port: Port, names: dict[int, str]) -> Any:
    """Return an example tensor for a port (several for a variadic one), and note what it is called."""
    flow = next(flow for flow in _SHAPES if not port.accepts or flow in port.accepts)
    shape = _SHAPES_OF_PORTS.get(port.name, _SHAPES)[flow]
    called = [f"{port.name}_{number + 1}" for number in range(_BRANCHES)] if port.variadic else [port.name]
    tensors = [keras.Input(shape, dtype="int32" if flow == "tokens" else "float32") for _ in called]
    names |= {id(tensor._keras_history.operation): name for tensor, name in zip(tensors, called, strict=True)}
    return tensors if port.variadic else tensors[0]


def _values(block: Block) -> Mapping[str, Any]:
    values = {parameter.name: parameter.default for parameter in block.parameters}
    facts = {name: _EXAMPLE_FACTS[fact] for name, fact in block.automatic.items()}
    return {name: facts[name] if value == AUTO else value for name, value in values.items()}


def _read(layer: Any, names: Mapping[int, str]) -> list[str]:
    arguments = [tensor for node in layer._inbound_nodes for tensor in node.arguments.keras_tensors]
    sources = [id(tensor._keras_history.operation) for tensor in arguments]
    # A nested model's own inputs are its inner matter; attention reads one source twice.
    return list(dict.fromkeys(names[source] for source in sources if source in names))
