"""What a saved layer or operation may hold: Keras's public classes by name, and plain values.

A file that somebody else made is data. Everything that it names is looked up in these tables, and what is
not in them (code, pickles, paths, classes from elsewhere) is refused in words, before Keras sees it.
"""

from __future__ import annotations

import importlib
import inspect
import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import keras
from keras.src.backend.common.dtypes import ALLOWED_DTYPES

DEEPEST = 40
LONGEST_TEXT = 100_000
MOST_VALUES = 2_000_000

# What the layer would do, in words.
FORBIDDEN_LAYERS = {
    "Lambda": "holds Python code, which is run when the model is used",
    "TorchModuleWrapper": "holds a pickled PyTorch module, which may run any code",
    "TFSMLayer": "reads a SavedModel from a place on the disk",
    "JaxLayer": "calls functions of the file's own",
    "FlaxLayer": "calls functions of the file's own",
}
LOOKUP_LAYERS = ("StringLookup", "IntegerLookup", "TextVectorization")
# They are given functions, and functions are code.
FORBIDDEN_OPERATIONS = (
    "AssociativeScan",
    "Cond",
    "ForiLoop",
    "JVP",
    "Map",
    "Scan",
    "Switch",
    "VectorizedMap",
    "WhileLoop",
)
OPERATION_MODULES = ("numpy", "nn", "math", "core", "image", "linalg", "einops")
# Classes inside keras.applications that its models are made of, without a public name.
_APPLICATION_LAYERS = {
    "LayerScale": "keras.src.applications.convnext",
    "CustomScaleLayer": "keras.src.applications.inception_resnet_v2",
}
_MODELS = {"Functional": ("keras", "keras.src.models.functional"), "Sequential": ("keras",)}
_OWN = "kerablocks>"
_OBJECT_KEYS = {
    "module",
    "class_name",
    "config",
    "registered_name",
    "build_config",
    "name",
    "inbound_nodes",
    "shared_object_id",
    "compile_config",
}


@cache
def layer_classes() -> dict[str, type]:
    """Return the layer classes that a file may name: public ones, and registered ones of our own."""
    found = {
        name: item
        for name, item in vars(keras.layers).items()
        if inspect.isclass(item) and issubclass(item, keras.Layer) and name not in FORBIDDEN_LAYERS
    }
    for name, module in _APPLICATION_LAYERS.items():
        found[name] = getattr(importlib.import_module(module), name)
    return dict(sorted(found.items()))


def own_layer_classes() -> dict[str, type]:
    """Return the registered layer classes of this catalogue by registered name."""
    registered = keras.saving.get_custom_objects()
    return {
        name: item
        for name, item in registered.items()
        if name.startswith(_OWN) and inspect.isclass(item) and item.__module__.startswith("builder.")
    }


@cache
def operation_classes() -> dict[str, type]:
    """Return the classes behind ``keras.ops`` by module and name, such as ``"numpy.Mean"``."""
    found = {}
    for part in OPERATION_MODULES:
        module = importlib.import_module(f"keras.src.ops.{part}")
        for name, item in vars(module).items():
            is_operation = inspect.isclass(item) and issubclass(item, keras.Operation)
            if is_operation and item.__module__ == module.__name__ and name not in FORBIDDEN_OPERATIONS:
                found[f"{part}.{name}"] = item
    return dict(sorted(found.items()))


def layer_class(name: str) -> type | None:
    """Return the layer class of a name in a document: a public name, or a registered one of our own."""
    return layer_classes().get(name) or own_layer_classes().get(name)


def saved_layer(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``keras.saving.deserialize_keras_object`` makes a layer from.

    Args:
        name: a name that ``layer_class`` knows.
        config: the layer's configuration, its name included.
    """
    chosen = layer_class(name)
    assert chosen is not None, "the name has been checked"
    if name in own_layer_classes():
        return _saved(chosen.__module__, chosen.__name__, config, name)
    if name in _APPLICATION_LAYERS:
        return _saved(chosen.__module__, name, config, name)
    return _saved("keras.layers", name, config, None)


def saved_operation(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``keras.saving.deserialize_keras_object`` makes an operation from."""
    chosen = operation_classes()[name]
    return _saved(chosen.__module__, chosen.__name__, config, chosen.__name__)


def _saved(module: str, name: str, config: Mapping[str, Any], registered: str | None) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": dict(config), "registered_name": registered}


def object_name(saved: Mapping[str, Any]) -> str | None:
    """Return the name in the tables above of a saved layer, or None where it is in none of them."""
    name, module, registered = (saved.get(key) for key in ("class_name", "module", "registered_name"))
    if not isinstance(name, str):
        return None
    if isinstance(registered, str) and registered.startswith(_OWN):
        own = own_layer_classes().get(registered)
        return registered if own is not None and own.__name__ == name else None
    if registered not in (None, name):
        return None
    if name in _APPLICATION_LAYERS:
        return name if module == _APPLICATION_LAYERS[name] else None
    return name if module == "keras.layers" and name in layer_classes() else None


def operation_name(saved: Mapping[str, Any]) -> str | None:
    """Return the name in ``operation_classes`` of a saved operation, or None where it is not there."""
    module, name = saved.get("module"), saved.get("class_name")
    prefix = "keras.src.ops."
    if not isinstance(module, str) or not module.startswith(prefix):
        return None
    found = f"{module.removeprefix(prefix)}.{name}"
    return found if found in operation_classes() and saved.get("registered_name") in (None, name) else None


def layer_fault(saved: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a saved layer, as the end of a sentence, or None for a good one."""
    name = saved.get("class_name")
    if isinstance(name, str) and name in FORBIDDEN_LAYERS:
        return f"is a {name} layer, which {FORBIDDEN_LAYERS[name]}"
    if object_name(saved) is None:
        return f"is of the class {_shown(saved)}, which is no public layer of Keras and none of Kerablocks"
    config = saved.get("config")
    if not isinstance(config, Mapping):
        return "has no configuration"
    return _lookup_fault(str(name), config) or value_fault(config)


def value_fault(value: Any) -> str | None:
    """Return what is wrong with saved values, as the end of a sentence, or None where they are plain."""
    return _Check().fault(value, 0)


class _Check:
    def __init__(self) -> None:
        self.count = 0

    def fault(self, value: Any, depth: int) -> str | None:
        self.count += 1
        if self.count > MOST_VALUES:
            return f"holds more than {MOST_VALUES:,} values"
        if depth > DEEPEST:
            return f"holds values nested more than {DEEPEST} deep"
        if value is None or isinstance(value, (bool, int)):
            return None
        if isinstance(value, float):
            return None if math.isfinite(value) else f"holds the number {value}, which no document can hold"
        if isinstance(value, str):
            return None if len(value) <= LONGEST_TEXT else "holds a text that is too long"
        if isinstance(value, (list, tuple)):
            return self._first(value, depth)
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        return f"holds a value of the type {type(value).__name__}"

    def _first(self, values: Any, depth: int) -> str | None:
        faults = (self.fault(value, depth + 1) for value in values)
        return next((fault for fault in faults if fault), None)

    def _mapping(self, value: Mapping[str, Any], depth: int) -> str | None:
        if not all(isinstance(key, str) for key in value):
            return "holds a key that is not a text"
        if "class_name" not in value:
            return self._first(value.values(), depth)
        return _object_fault(value) or self._first(value.values(), depth)


def _object_fault(saved: Mapping[str, Any]) -> str | None:
    name, config = saved["class_name"], saved.get("config")
    if not isinstance(name, str):
        return "holds an object without a class name"
    if name in ("__tensor__", "__numpy__"):
        return _numbers_fault(config)
    if name in ("__slice__", "__ellipsis__", "__keras_tensor__"):
        return None
    if name == "__lambda__":
        return "holds Python code (a lambda function)"
    if set(saved) - _OBJECT_KEYS:
        return f"holds an object with unknown parts ({', '.join(sorted(set(saved) - _OBJECT_KEYS))[:80]})"
    if name == "function":
        return _function_fault(saved)
    if name in FORBIDDEN_LAYERS:
        return f"holds a {name} layer, which {FORBIDDEN_LAYERS[name]}"
    if name in _MODELS and saved.get("module") in _MODELS[name]:
        return None if saved.get("registered_name") in (None, name) else f"holds {_shown(saved)}"
    if isinstance(config, Mapping) and (fault := _lookup_fault(name, config)):
        return fault
    if object_name(saved) is None and operation_name(saved) is None and not _is_plain_object(saved):
        return f"holds an object of the class {_shown(saved)}, which is not one of Keras's public classes"
    return None


def _numbers_fault(config: Any) -> str | None:
    kind = config.get("dtype") if isinstance(config, Mapping) else None
    # NumPy takes texts of any length for a kind, each of which takes the memory of the longest.
    if kind is None or kind in ALLOWED_DTYPES:
        return None
    return f"holds numbers of the kind {str(kind)[:40]!r}, which Keras does not have"


def _is_plain_object(saved: Mapping[str, Any]) -> bool:
    """Tell whether an object is an initializer, regularizer, constraint, dtype policy or seed generator."""
    if saved.get("registered_name") not in (None, saved["class_name"]):
        return False
    return (saved.get("module"), saved["class_name"]) in _plain_objects()


@cache
def _plain_objects() -> frozenset[tuple[str, str]]:
    families: dict[str, tuple[Any, type]] = {
        "keras.initializers": (keras.initializers, keras.initializers.Initializer),
        "keras.regularizers": (keras.regularizers, keras.regularizers.Regularizer),
        "keras.constraints": (keras.constraints, keras.constraints.Constraint),
        "keras.dtype_policies": (keras.dtype_policies, object),
    }
    found = {("keras", "DTypePolicy"), ("keras.random", "SeedGenerator")}
    for module, (namespace, base) in families.items():
        classes = {name for name, item in vars(namespace).items() if inspect.isclass(item)}
        found |= {(module, name) for name in classes if issubclass(getattr(namespace, name), base)}
    return frozenset(found)


def _function_fault(saved: Mapping[str, Any]) -> str | None:
    name, module = saved.get("config"), saved.get("module")
    function = getattr(keras.activations, name, None) if isinstance(name, str) else None
    is_public = inspect.isfunction(function) and name not in ("get", "serialize", "deserialize")
    if is_public and module in ("builtins", "keras.activations"):
        if saved.get("registered_name") in (None, name, "function"):
            return None
    return f"holds the function {module}.{name!s:.60}, which is no activation of Keras"


def _lookup_fault(name: str, config: Mapping[str, Any]) -> str | None:
    if name in LOOKUP_LAYERS and not isinstance(config.get("vocabulary"), (list, tuple, type(None))):
        return "names a file or an address as its vocabulary"
    return None


def _shown(saved: Mapping[str, Any]) -> str:
    registered = saved.get("registered_name")
    path = registered if isinstance(registered, str) and ">" in registered else None
    return f"'{path or '{}.{}'.format(saved.get('module'), saved.get('class_name'))}'"[:120]


def place_fault(value: Any) -> str | None:
    """Return what is wrong with a place among inputs or outputs, as the end of a sentence, or None."""
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > DEEPEST:
        return "is no short list"
    good = (isinstance(part, str) and len(part) <= 200 or type(part) is int and 0 <= part for part in value)
    return None if all(good) else "has a part that is neither a name nor a number"
