"""Whether two models are the same: layers, their order and settings, calls, inputs and outputs.

Not compared is what says nothing: the model's own name, call arguments that are None or the call's
default, whether a model inside is called on a tensor or on a list with it alone, the names of layers
inside wrappers, how many operations Keras had named before, and what building and compiling have left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from builder.blocks.saved_values import layer_class, object_name, operation_name
from builder.importer.calls import spoken
from builder.importer.layers import canonical
from builder.importer.saved import INPUT_LAYER, SavedCall, SavedLayer, SavedModel, reference_of


def differences(one: SavedModel, other: SavedModel) -> list[str]:
    """Return the names of the layers in which two models differ; ``""`` stands for the model itself."""
    first, second = _Shape(one), _Shape(other)
    found = [name for name in first.layers if second.layers.get(name) != first.layers[name]]
    found += [name for name in second.layers if name not in first.layers]
    if list(first.layers) != list(second.layers) or first.ends != second.ends:
        found.append("")
    return found


class _Shape:
    """A model in the form in which it is compared."""

    def __init__(self, model: SavedModel) -> None:
        self.names = _names(model)
        self.layers = {self.names[layer.name]: self._layer(layer) for layer in model.layers}
        self.ends = (self._value(model.inputs), self._value(model.outputs))

    def _layer(self, layer: SavedLayer) -> dict[str, Any]:
        function = None
        if layer.model is not None:
            inner = _Shape(layer.model)
            config: Any = [list(inner.layers.items()), inner.ends, layer.model.is_sequential]
        elif layer.class_name == INPUT_LAYER or operation_name(layer.saved) is not None:
            config = {key: value for key, value in layer.config.items() if key != "name"}
        else:
            function = layer_class(str(object_name(layer.saved)))
            config = canonical(layer.saved)
        calls = [self._call(call, function, layer.model is not None) for call in layer.calls]
        trainable = layer.config.get("trainable", True)
        return {"class": layer.class_name, "config": config, "calls": calls, "trainable": trainable}

    def _call(self, call: SavedCall, function: Any, is_model: bool) -> Any:
        args = self._value(call.args)
        if is_model and len(args) == 1 and isinstance(args[0], list) and len(args[0]) == 1:
            args = args[0]
        return args, self._value(spoken(function, call.kwargs))

    def _value(self, value: Any) -> Any:
        if isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
            name, call, output = reference_of(value)
            return (self.names.get(name, name), call, output)
        if isinstance(value, Mapping):
            return {key: self._value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._value(item) for item in value]
        return self.names.get(value, value) if isinstance(value, str) else value


def _names(model: SavedModel) -> dict[str, str]:
    """Return the name under which each layer is compared: operations that Keras named count anew."""
    names: dict[str, str] = {}
    counts: dict[str, int] = {}
    for layer in model.layers:
        names[layer.name] = layer.name
        stem = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", layer.class_name).lower()
        if operation_name(layer.saved) and re.fullmatch(rf"{stem}(_\d+)?", layer.name):
            counts[stem] = counts.get(stem, 0) + 1
            names[layer.name] = f"{stem} {counts[stem]}"
    return names
