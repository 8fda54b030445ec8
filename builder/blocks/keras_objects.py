"""Parameter types for what Keras makes from a name: initializers, regularizers and constraints."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import keras
import tensorflow as tf

from builder.params import Float, KerasObject

_MODULES = {
    "initializer": (keras.initializers, keras.initializers.Initializer),
    "regularizer": (keras.regularizers, keras.regularizers.Regularizer),
    "constraint": (keras.constraints, keras.constraints.Constraint),
}


def module_of(parameter: str) -> ModuleType | None:
    """Return the Keras module that a parameter's objects come from, told by the end of its name."""
    family = parameter.rpartition("_")[2]
    return _MODULES[family][0] if family in _MODULES else None


def _type(
    family: str, noun: str, strength: Float | None = None, aliases: tuple[str, ...] = ()
) -> KerasObject:
    module, base = _MODULES[family]
    classes: dict[str, Any] = {}
    names = set(aliases)
    for name, item in vars(module).items():
        if not inspect.isclass(item) or not issubclass(item, base) or item is base:
            continue
        classes[item.__name__] = _defaults(item)
        if name.islower() and _stands_alone(module, name):
            names.add(name)
    return KerasObject(noun, tuple(sorted(names)), dict(sorted(classes.items())), strength)


def _stands_alone(module: ModuleType, name: str) -> bool:
    """Tell whether Keras makes the object from its name: some need a value, or are known as a class only."""
    # In a graph of its own: outside, a constant would start TensorFlow wherever blocks are imported.
    with tf.Graph().as_default():
        try:
            module.get(name)
        except (KeyError, TypeError, ValueError):
            return False
    return True


def _defaults(item: type) -> dict[str, Any]:
    return {name: parameter.default for name, parameter in inspect.signature(item).parameters.items()}


# Keras also knows "uniform" and "normal", which it writes as the defaults of some layers.
INITIALIZER = _type("initializer", "an initializer", aliases=("uniform", "normal"))
REGULARIZER = _type("regularizer", "a regularizer", strength=Float(0, 10, minimum_open=True))
CONSTRAINT = _type("constraint", "a constraint")
