"""Blocks that hold a saved layer or operation as it is, for what no other block says exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from builder.blocks.base import Block, Call, OutputPort, Port
from builder.blocks.saved_values import (
    layer_classes,
    operation_classes,
    own_layer_classes,
    saved_layer,
    saved_operation,
    value_fault,
)
from builder.errors import stop
from builder.params import Choice, Integer, Json, Parameter

IMPORTED_LAYER = "imported_layer.v1"
OPERATION = "operation.v1"
INPUT = "$input"
ONE_INPUT: dict[str, Any] = {"args": [{INPUT: 0}], "kwargs": {}}
MOST_OUTPUTS = 64

_PLAIN = "saved settings: plain values and Keras's own initializers, regularizers and layers"
_CALL = 'the arguments of a call: {"args": [...], "kwargs": {...}} of plain values and inputs'


@dataclass(frozen=True)
class SavedBlock(Block):
    """A block that is made from saved settings and called with saved arguments.

    In the arguments ``{"$input": 0}`` stands for the first tensor that is connected.
    """

    def call(self, values: Mapping[str, Any], name: str) -> Call:
        """Return the call that makes the layer or operation again."""
        # Some of Keras's layers take their configuration apart as they read it.
        config = {**deepcopy(dict(values["config"])), "name": name}
        if fault := value_fault(config):
            raise stop("unsafe_settings", f"The settings of '{name}' cannot be used: it {fault}.")
        if self.kind == OPERATION:
            saved = saved_operation(values["operation"], config)
        else:
            saved = saved_layer(values["class_name"], config)
        function = keras.saving.deserialize_keras_object
        return Call(function, "keras.saving.deserialize_keras_object", {"config": saved})

    @property
    def is_layer(self) -> bool:
        """Whether the block makes one Keras layer; an operation has neither weights nor a trace of one."""
        return self.kind == IMPORTED_LAYER

    def apply(self, values: Mapping[str, Any], name: str, tensors: Mapping[str, Any]) -> Any:
        """Return what the layer or operation gives."""
        return self.apply_layer(self.call(values, name).run(), values, tensors)

    def apply_layer(self, layer: Any, values: Mapping[str, Any], tensors: Mapping[str, Any]) -> Any:
        """Return what a layer or operation, made before, gives for tensors."""
        arriving = tensors.get("inputs", [])
        arguments = {**ONE_INPUT, **values["arguments"]}
        args = [filled(item, arriving) for item in arguments["args"]]
        keywords = {key: filled(item, arriving) for key, item in arguments["kwargs"].items()}
        return layer(*args, **keywords)

    def named_outputs(self, values: Mapping[str, Any], result: Any) -> dict[str, Any]:
        """Return the first tensors of what the call gave, by the outputs' names."""
        return dict(zip(self.output_names(values), keras.tree.flatten(result), strict=False))


def filled(value: Any, tensors: Sequence[Any]) -> Any:
    """Return saved arguments as Python values, with tensors in the places of inputs.

    Raises:
        ValueError: where an input is asked for that is not connected.
    """
    if isinstance(value, Mapping):
        if set(value) == {INPUT}:
            return _tensor(value[INPUT], tensors)
        if "class_name" in value:
            return _special(value, tensors)
        return {key: filled(item, tensors) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [filled(item, tensors) for item in value]
    return value


def _tensor(number: Any, tensors: Sequence[Any]) -> Any:
    if isinstance(number, int) and 0 <= number < len(tensors):
        return tensors[number]
    raise ValueError(f"The call needs {number} + 1 inputs, but {len(tensors)} are connected.")


def _special(value: Mapping[str, Any], tensors: Sequence[Any]) -> Any:
    config = value.get("config") or {}
    match value["class_name"]:
        case "__slice__":
            return slice(*(filled(config.get(part), tensors) for part in ("start", "stop", "step")))
        case "__ellipsis__":
            return Ellipsis
        case "__tensor__":
            return keras.ops.convert_to_tensor(np.array(config["value"]), dtype=config["dtype"])
        case "__numpy__":
            return np.array(config["value"], dtype=config["dtype"])
    raise ValueError(f"An argument of the call is a {value['class_name']}, which no call takes.")


def call_fault(value: Any) -> str | None:
    """Return what is wrong with saved arguments, as the end of a sentence, or None."""
    if not isinstance(value, Mapping):
        return "is no object"
    if not set(value) <= {"args", "kwargs"}:
        return "has parts other than 'args' and 'kwargs'"
    if not isinstance(value.get("args", []), list) or not isinstance(value.get("kwargs", {}), Mapping):
        return "has 'args' that are no list, or 'kwargs' that are no object"
    return value_fault(value)


def config_fault(value: Any) -> str | None:
    """Return what is wrong with a saved configuration, as the end of a sentence, or None."""
    if not isinstance(value, Mapping):
        return "is no object"
    if "name" in value:
        return "holds a name: the block's own name is the layer's"
    vocabulary = value.get("vocabulary")
    if not isinstance(vocabulary, (list, tuple, type(None))):
        return "names a file or an address as its vocabulary"
    return value_fault(value)


def _later_output(number: int) -> OutputPort:
    return OutputPort(f"output_{number}", {"outputs": {"minimum": number}})


_SHARED = (
    Parameter("config", Json(_PLAIN, config_fault), {}, "Its settings as they were saved.", advanced=True),
    Parameter(
        "arguments",
        Json(_CALL, call_fault),
        ONE_INPUT,
        "How it is called: where the connected inputs go, and the other arguments of the call.",
        advanced=True,
    ),
    Parameter(
        "outputs", Integer(1, MOST_OUTPUTS), 1, "How many of its outputs can be connected.", advanced=True
    ),
)
_PORTS = {
    "inputs": (Port("inputs", (), variadic=True, optional=True),),
    "outputs": (OutputPort(), *(_later_output(number) for number in range(2, MOST_OUTPUTS + 1))),
    "when_called": ("arguments", "outputs"),
}


def blocks() -> tuple[Block, ...]:
    """Return the blocks; called when all layers of our own are registered."""
    layers = (*layer_classes(), *sorted(own_layer_classes()))
    return (
        SavedBlock(
            kind=IMPORTED_LAYER,
            label="Imported layer",
            category="Imported",
            summary="A Keras layer as it was saved, with settings that no other block can say. It keeps "
            "its weights and can be trained.",
            formula="y = layer(x)",
            reference="Keras documentation, keras.layers",
            parameters=(
                Parameter("class_name", Choice(layers), "ReLU", "The layer's class.", label="Layer"),
                *_SHARED,
            ),
            **_PORTS,  # type: ignore[arg-type]
        ),
        SavedBlock(
            kind=OPERATION,
            label="Operation",
            category="Imported",
            summary="A function of keras.ops, such as a sum, a slice or a mean, as it was saved.",
            formula="y = f(x)",
            reference="Keras documentation, keras.ops",
            parameters=(
                Parameter(
                    "operation",
                    Choice(tuple(operation_classes())),
                    "numpy.Absolute",
                    "The function of keras.ops.",
                ),
                *_SHARED,
            ),
            **_PORTS,  # type: ignore[arg-type]
        ),
    )
