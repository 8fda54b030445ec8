"""What a layer's weights begin with and are held to, tried without any memory.

Keras uses initializers when a model is built, and regularizers and constraints when it is trained: what does
not fit the weights would be told only then.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import keras
from keras.src.backend import compute_output_spec

from builder.compiler.figures.layers import calls

# They fill any shape, and come with nearly every layer: trying them would cost time for nothing.
_FITS_ALL = (
    keras.initializers.VarianceScaling,
    keras.initializers.RandomNormal,
    keras.initializers.RandomUniform,
    keras.initializers.TruncatedNormal,
    keras.initializers.Constant,
    keras.initializers.Zeros,
    keras.initializers.Ones,
)


def weight_fault(whole: Any) -> str:
    """Return which setting does not fit the weights of a layer or model, or "" where all do.

    Args:
        whole: a layer or functional model that was called on symbolic tensors.
    """
    for weight in whole.weights:
        for rule in (_initializer(weight), weight.regularizer, weight.constraint):
            fault = _fault(rule, "weights", tuple(weight.shape), weight.dtype)
            if fault:
                return fault
    for operation, _, outputs in calls(whole):
        rule = getattr(operation, "activity_regularizer", None)
        # A batch has some number of samples, and only how many axes there are matters here.
        shape = tuple(size or 1 for size in outputs[0].shape)
        fault = _fault(rule, "values", shape, outputs[0].dtype)
        if fault:
            return fault
    return ""


def _initializer(weight: Any) -> Callable[..., Any] | None:
    # Where no memory is given, Keras keeps the initializer in this place until it is.
    rule = getattr(weight, "_initializer", None)
    if isinstance(rule, _FITS_ALL) or rule is None:
        return None
    if isinstance(rule, keras.initializers.Orthogonal) and len(weight.shape) > 1:
        return None
    return rule


def _fault(rule: Any, noun: str, shape: tuple[int, ...], dtype: str) -> str:
    if rule is None:
        return ""
    is_initializer = isinstance(rule, keras.initializers.Initializer) or inspect.isroutine(rule)
    try:
        if is_initializer:
            compute_output_spec(lambda: rule(shape, dtype=dtype))
        else:
            compute_output_spec(rule, keras.KerasTensor(shape, dtype=dtype))
    except Exception as error:  # Each of Keras's objects raises types of its own.
        named = "" if inspect.isroutine(rule) else f" '{type(rule).__name__}'"
        reason = str(error).strip().splitlines() or [type(error).__name__]
        return f"the setting{named} does not fit {noun} of shape {shape}. {reason[0][:200]}"
    return ""
