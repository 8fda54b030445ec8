"""Readable calls for the saved layers and operations of opened files.

Every call is tried here before it is written: where it would not make exactly the same layer or operation,
the script makes it from its saved settings instead.
"""

from __future__ import annotations

import inspect
import json
import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from typing import Any

import keras

from builder.blocks import registry
from builder.blocks.base import Call, without_defaults
from builder.blocks.imported import INPUT, ONE_INPUT, filled
from builder.blocks.saved_values import (
    layer_classes,
    operation_classes,
    own_layer_classes,
    saved_layer,
    saved_operation,
)
from builder.blocks.weightless import without_weights
from builder.codegen.layout import Name, literal
from builder.compiler.tensors import TensorSpec

_TRIED = "layer"
_FAMILIES = ("keras.initializers", "keras.regularizers", "keras.constraints")
# Operations that Python writes with brackets.
_SUBSCRIPT = "numpy.GetItem"


def layer_call(class_name: str, config: Mapping[str, Any], name: str) -> Call:
    """Return the call that makes a saved layer: its class's own, or one from its saved settings."""
    return _named_call(class_name, json.dumps(config, sort_keys=True), name)


def layer_import(class_name: str) -> str | None:
    """Return the line that imports a layer which Keras has under no public name, or None."""
    chosen = layer_classes().get(class_name)
    is_public = chosen is None or hasattr(keras.layers, class_name)
    return None if is_public else f"from {chosen.__module__} import {class_name}"


def layer_sources(class_name: str) -> tuple[Any, ...]:
    """Return the classes and functions that a script has to carry for a saved layer of our own."""
    own = own_layer_classes().get(class_name)
    if own is None:
        return ()
    return next((block.sources for block in registry().values() if own in block.sources), (own,))


def call_items(values: Mapping[str, Any], tensors: Sequence[str]) -> list[str]:
    """Return the arguments with which a saved layer is called; ``tensors`` are the names of its inputs."""
    positional, keywords = _arguments(values, tensors)
    return [*positional, *(_named(name, value) for name, value in keywords.items())]


def _named(name: str, value: str) -> str:
    # Some operations take arguments of any name: to stand as code, it has to be one that Python can read.
    if name.isidentifier() and not keyword.iskeyword(name):
        return f"{name}={value}"
    return f"**{{{literal(name)}: {value}}}"


def output_count(kind: str, values: Mapping[str, Any], arriving: Sequence[TensorSpec]) -> int:
    """Return how many tensors a saved layer or operation gives, whether they are read or not."""
    tensors = [keras.KerasTensor(item.shape, item.dtype) for item in arriving]
    with without_weights():
        return len(keras.tree.flatten(registry()[kind].apply(values, _TRIED, {"inputs": tensors})))


def operation_code(
    values: Mapping[str, Any],
    name: str,
    tensors: Sequence[str],
    arriving: Sequence[TensorSpec],
    taken: Sequence[str],
) -> str:
    """Return a saved operation as code: a function of ``keras.ops`` where that makes the same operation.

    Args:
        values: the block's parameter values.
        name: the operation's name.
        tensors: the names of its inputs.
        arriving: what these inputs are.
        taken: names of layers, which Keras must not give to the operation.
    """
    kind = values["operation"]
    if not _may_be_named(kind, taken):
        return _restored(values, name, tensors)
    if kind == _SUBSCRIPT:
        positional, _ = _arguments(values, tensors)
        if len(positional) == 2 and positional[0] in tensors:
            return f"{positional[0]}[{_index(values)}]"
    for path, function in _functions(kind):
        for shaped in (_with_tuples, lambda value: value):
            keywords = _keywords(function, values, shaped)
            if keywords is not None and _is_same(function, values, keywords, arriving):
                first, keywords = _leading(function, keywords)
                items = [*map(literal, first), *call_items(values, tensors)]
                items += [f"{key}={literal(value)}" for key, value in keywords.items()]
                return f"{path}({', '.join(items)})"
    return _restored(values, name, tensors)


def _restored(values: Mapping[str, Any], name: str, tensors: Sequence[str]) -> str:
    saved = saved_operation(values["operation"], {**values["config"], "name": name})
    call = literal(Call(keras.saving.deserialize_keras_object, _RESTORE, {"config": saved}))
    return f"{call}({', '.join(call_items(values, tensors))})"


_RESTORE = "keras.saving.deserialize_keras_object"


def _named_call(class_name: str, config: str, name: str) -> Call:
    written = _plain_call(class_name, config)
    if written is None:
        saved = saved_layer(class_name, {**json.loads(config), "name": name})
        return Call(keras.saving.deserialize_keras_object, _RESTORE, {"config": saved})
    return Call(written.function, written.path, {**written.arguments, "name": name})


@cache
def _plain_call(class_name: str, config: str) -> Call | None:
    """Return the call without the name that makes a layer of these settings, or None."""
    saved = saved_layer(class_name, {**json.loads(config), "name": _TRIED})
    wanted = _made(keras.saving.deserialize_keras_object, {"config": deepcopy(saved)})
    chosen = layer_classes().get(class_name) or own_layer_classes()[class_name]
    path = f"layers.{class_name}" if hasattr(keras.layers, class_name) else chosen.__name__
    for shaped in (_with_tuples, lambda value: value):
        try:
            arguments = _layer_arguments(chosen, json.loads(config), shaped)
        except LookupError:
            return None
        if wanted is not None and _config_of(chosen, path, arguments) == wanted:
            return Call(chosen, path, _needed(chosen, path, arguments, wanted))
    return None


def _needed(chosen: Any, path: str, arguments: dict[str, Any], wanted: str) -> dict[str, Any]:
    """Return the arguments without those that change nothing."""
    needed = dict(arguments)
    for name in arguments:
        fewer = {key: value for key, value in needed.items() if key != name}
        if _config_of(chosen, path, fewer) == wanted:
            needed = fewer
    return needed


def _config_of(chosen: Any, path: str, arguments: Mapping[str, Any]) -> str | None:
    return _made(Call(chosen, path, {**arguments, "name": _TRIED}).run, {})


def _made(make: Any, arguments: Mapping[str, Any]) -> str | None:
    """Return the settings of a layer that is made without memory, or None where Keras refuses."""
    with without_weights():
        try:
            saved = keras.saving.serialize_keras_object(make(**arguments))
        except Exception:  # Keras raises many types; any of them means another way of writing.
            return None
    return json.dumps(saved["config"], sort_keys=True, default=str)


def _layer_arguments(chosen: Any, config: Mapping[str, Any], shaped: Any) -> dict[str, Any]:
    parameters = inspect.signature(chosen).parameters
    known = {*parameters, "dtype", "activity_regularizer"} - {"name", "trainable"}
    return {name: shaped(_value(value)) for name, value in config.items() if name in known}


def _value(value: Any) -> Any:
    """Return a saved value as an argument: plain values as they are, objects as calls.

    Raises:
        LookupError: for an object that no short call makes.
    """
    if isinstance(value, list):
        return [_value(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "class_name" not in value:
        return {key: _value(item) for key, item in value.items()}
    name, module, config = value["class_name"], str(value.get("module")), value.get("config")
    if name == "function":
        return config
    if not isinstance(config, Mapping):
        raise LookupError(name)
    if name == "DTypePolicy":
        return config["name"]
    if module == "keras.layers":
        return layer_call(name, {k: v for k, v in config.items() if k != "name"}, config["name"])
    if module not in _FAMILIES:
        raise LookupError(name)
    function = getattr(getattr(keras, module.rpartition(".")[2]), name)
    arguments = {key: _value(item) for key, item in config.items()}
    return Call(function, f"{module}.{name}", without_defaults(function, arguments))


def _with_tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_with_tuples(item) for item in value)
    return value


@cache
def _public_functions() -> dict[str, list[tuple[str, Any]]]:
    """Return the functions of ``keras.ops`` and its parts by name, without underscores."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for path, module in (("keras.ops", keras.ops), ("keras.ops.image", keras.ops.image)):
        for name, item in vars(module).items():
            if inspect.isfunction(item):
                found.setdefault(name.replace("_", ""), []).append((f"{path}.{name}", item))
    return found


def _functions(kind: str) -> list[tuple[str, Any]]:
    return _public_functions().get(kind.rpartition(".")[2].lower(), [])


def _may_be_named(kind: str, taken: Sequence[str]) -> bool:
    """Tell whether the name that Keras gives to a new operation can be no layer's name."""
    stem = keras.src.utils.naming.to_snake_case(operation_classes()[kind].__name__)
    return not any(re.fullmatch(rf"{re.escape(stem)}(_\d+)?", name) for name in taken)


def _keywords(function: Any, values: Mapping[str, Any], shaped: Any) -> dict[str, Any] | None:
    """Return the settings of an operation as keywords of its function, defaults left out."""
    parameters = inspect.signature(function).parameters
    config = {key: value for key, value in values["config"].items() if key != "name"}
    if not set(config) <= set(parameters):
        return None
    try:
        return without_defaults(function, {key: shaped(_value(value)) for key, value in config.items()})
    except LookupError:
        return None


def _leading(function: Any, keywords: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return the settings that stand before the tensors, as the equation of a sum does, and the others."""
    first = next(iter(inspect.signature(function).parameters))
    others = {key: value for key, value in keywords.items() if key != first}
    return ([keywords[first]] if first in keywords else []), others


def _is_same(
    function: Any, values: Mapping[str, Any], keywords: Mapping[str, Any], arriving: Sequence[TensorSpec]
) -> bool:
    """Tell whether a function makes the saved operation, by calling it on tensors that hold nothing."""
    saved = saved_operation(values["operation"], {**deepcopy(dict(values["config"])), "name": _TRIED})
    tensors = [keras.KerasTensor(item.shape, item.dtype) for item in arriving]
    arguments = {**ONE_INPUT, **values["arguments"]}
    with without_weights():
        try:
            args = [filled(item, tensors) for item in arguments["args"]]
            given = {key: filled(item, tensors) for key, item in arguments["kwargs"].items()}
            wanted = keras.saving.deserialize_keras_object(saved)
            first, others = _leading(function, keywords)
            result = keras.tree.flatten(function(*first, *args, **given, **others))[0]
            made = result._keras_history.operation
        except Exception:  # Keras raises many types; any of them means another way of writing.
            return False
    return type(made) is type(wanted) and _settings(made) == _settings(wanted)


def _settings(operation: Any) -> str:
    config = {key: value for key, value in operation.get_config().items() if key != "name"}
    return json.dumps(keras.saving.serialize_keras_object(config), sort_keys=True, default=str)


def _arguments(values: Mapping[str, Any], tensors: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    arguments = {**ONE_INPUT, **values["arguments"]}
    positional = [literal(_written(item, tensors)) for item in arguments["args"]]
    return positional, {key: literal(_written(v, tensors)) for key, v in arguments["kwargs"].items()}


def _written(value: Any, tensors: Sequence[str]) -> Any:
    """Return a saved argument with the names of tensors in the places of inputs."""
    if isinstance(value, Mapping):
        if set(value) == {INPUT}:
            return Name(tensors[value[INPUT]])
        if "class_name" in value:
            return Name(_special(value))
        return {key: _written(item, tensors) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_written(item, tensors) for item in value]
    return value


def _special(value: Mapping[str, Any]) -> str:
    config = value.get("config") or {}
    match value["class_name"]:
        case "__slice__":
            parts = (config.get(part) for part in ("start", "stop", "step"))
            return f"slice({', '.join(literal(part) for part in parts)})"
        case "__ellipsis__":
            return "..."
        case "__tensor__":
            return (
                f"keras.ops.convert_to_tensor({literal(config['value'])}, dtype={literal(config['dtype'])})"
            )
        case "__numpy__":
            return f"np.array({literal(config['value'])}, dtype={literal(config['dtype'])})"
    raise AssertionError("the block has been built from these arguments")


def _index(values: Mapping[str, Any]) -> str:
    """Return what stands between the brackets of a subscript."""
    key = values["arguments"]["args"][1]
    parts = key if isinstance(key, list) else [key]
    return ", ".join(_index_parts(parts))


def _index_parts(parts: Sequence[Any]) -> Iterator[str]:
    for part in parts:
        if not isinstance(part, Mapping) or part.get("class_name") != "__slice__":
            yield literal(_written(part, ()))
            continue
        start, stop, step = (part["config"].get(name) for name in ("start", "stop", "step"))
        ends = ["" if end is None else literal(end) for end in (start, stop)]
        yield ":".join([*ends, *([] if step is None else [literal(step)])])
