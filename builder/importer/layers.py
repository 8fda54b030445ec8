"""Saved layers as blocks: the curated kind that makes exactly the same layer, where there is one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import keras

from builder.blocks import registry
from builder.blocks.base import Block
from builder.blocks.saved_values import layer_class, object_name, saved_layer
from builder.blocks.weightless import without_weights
from builder.errors import BuilderError
from builder.params import AUTO, InnerLayer, Parameter, with_defaults

_NAME = "layer"
_NONE = object()
# What the block itself says: the layer's name, and whether its weights are trained.
OF_THE_NODE = ("name", "trainable")


def kind_for(saved: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return kind and parameters of the block that stands for a saved layer, or None.

    A block is only taken where the layer that it makes has the same configuration, looked at.
    """
    name = object_name(saved)
    assert name is not None, "the layer has been checked"
    found = _kind_for(name, _text(saved["config"]))
    return None if found is None else (found[0], json.loads(found[1]))


def canonical(saved: Mapping[str, Any]) -> dict[str, Any]:
    """Return a saved layer's configuration as this Keras writes it, without name and training switch.

    Raises:
        ValueError: in Keras's words, where Keras cannot make the layer.
    """
    name = object_name(saved)
    assert name is not None, "the layer has been checked"
    found: dict[str, Any] = json.loads(_canonical(name, _text(saved["config"])))
    return found


def plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration as JSON would give it back, without what a block says itself."""
    data = {key: value for key, value in config.items() if key not in OF_THE_NODE}
    found: dict[str, Any] = json.loads(json.dumps(keras.saving.serialize_keras_object(data)))
    return {key: _without_inner_names(value) for key, value in found.items()}


def _without_inner_names(value: Any) -> Any:
    # The names of layers inside wrappers say nothing and name no weights in a file.
    if isinstance(value, list):
        return [_without_inner_names(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("module") == "keras.layers" and isinstance(value.get("config"), dict):
        config = {key: item for key, item in value["config"].items() if key != "name"}
        value = {"class_name": value["class_name"], "config": config}
    found = {key: _without_inner_names(item) for key, item in value.items()}
    return {key: item for key, item in found.items() if key not in ("build_config", "shared_object_id")}


@lru_cache(maxsize=10_000)
def _canonical(name: str, config: str) -> str:
    with without_weights():
        try:
            given = {**json.loads(config), "name": _NAME}
            layer = keras.saving.deserialize_keras_object(saved_layer(name, given))
            return _text(plain(layer.get_config()))
        except Exception as error:  # Keras raises many types; the message is all that is used.
            words = str(error).rpartition("Exception encountered: ")[2].strip() or type(error).__name__
            raise ValueError(words.splitlines()[0][:300]) from error


@lru_cache(maxsize=10_000)
def _kind_for(name: str, config: str) -> tuple[str, str] | None:
    target = json.loads(_canonical(name, config))
    chosen = layer_class(name)
    with without_weights():
        for block in registry().values():
            if block.is_layer and block.function is chosen:
                values = _fitted(block, target)
                if values is not None:
                    return block.kind, _text(values)
    return None


def _fitted(block: Block, target: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the parameters, but for defaults, with which a block makes a layer of a configuration."""
    values: dict[str, Any] = {}
    declared = {item.name: item for item in block.parameters if item.name not in block.when_called}
    for parameter in declared.values():
        # What the data decide must be said here, or nothing can be made.
        if parameter.default == AUTO and parameter.name in target:
            values[parameter.name] = next(_candidates(parameter, target[parameter.name]), AUTO)
    made = _made(block, values)
    for name, parameter in declared.items():
        wanted = _saved_value(target, name)
        if wanted is _NONE or (made is not None and _saved_value(made, name) == wanted):
            continue
        for candidate in _candidates(parameter, wanted):
            attempt = _made(block, {**values, name: candidate})
            if attempt is None or name == "layer" or _saved_value(attempt, name) == wanted:
                values[name] = candidate
                made = attempt if attempt is not None else made
                break
    return values if _made(block, values) == dict(target) else None


def _saved_value(config: Mapping[str, Any], name: str) -> Any:
    """Return a setting of a layer, or of the layer inside it, which a wrapper's block shows as its own."""
    inner = config.get("layer")
    inside = inner.get("config", {}) if isinstance(inner, Mapping) else {}
    return config.get(name, inside.get(name, _NONE))


def _made(block: Block, values: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        layer = block.call(with_defaults(block.parameters, values), _NAME).run()
        return plain(layer.get_config())
    except BuilderError:
        return None
    except Exception:  # Values that do not go together: Keras says so by many types.
        return None


def _candidates(parameter: Parameter, value: Any) -> Iterator[Any]:
    """Yield the forms in which a parameter may take a saved value."""
    for candidate in _forms(parameter, value):
        if candidate != AUTO and parameter.type.accepts(candidate):
            yield candidate


def _forms(parameter: Parameter, value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping) and "class_name" in value:
        config = value.get("config")
        yield from _object_forms(parameter, str(value["class_name"]), config)
        return
    yield value
    if isinstance(value, list) and value and all(item == value[0] for item in value):
        yield value[0]
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        yield [part for item in value for part in item]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)
    if value is None:
        yield "linear"
        yield "none"


def _object_forms(parameter: Parameter, name: str, config: Any) -> Iterator[Any]:
    if isinstance(config, str):
        yield config
        return
    config = config if isinstance(config, Mapping) else {}
    inner = getattr(parameter.type, "inner", parameter.type)
    if isinstance(inner, InnerLayer):
        for kind, _, _ in inner.layers:
            block = registry().get(kind)
            if block is not None and getattr(block.function, "__name__", "") == name:
                values = _fitted(block, _inner_target(name, config))
                if values is not None:
                    yield {"kind": kind, "parameters": values}
        return
    if name.endswith("Policy"):
        yield config.get("name")
    if name == "L2":
        yield config.get("l2")
    yield re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    yield {"class_name": name, "config": {key: item for key, item in config.items() if item is not None}}
    yield {"class_name": name, "config": dict(config)}


def _inner_target(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_canonical(name, _text(config)))
    return found


def _text(config: Mapping[str, Any]) -> str:
    return json.dumps({key: item for key, item in config.items() if key not in OF_THE_NODE}, sort_keys=True)
