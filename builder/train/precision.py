"""Mixed precision: a model calculates in 16 bits while it trains, and in 32 bits again afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import tensorflow as tf

from builder.adversarial.model import AdversarialModel
from builder.errors import stop
from builder.train.reporting import Reporter

FULL, MIXED = "float32", "mixed_float16"
# From this compute capability on, NVIDIA's GPUs have units that multiply 16-bit matrices.
CAPABILITY = (7, 0)


def lower_precision(
    model: keras.Model, settings: Mapping[str, Any], reporter: Reporter
) -> list[keras.layers.Layer]:
    """Let a model's layers calculate in 16 bits, where settings and machine have it; return those layers.

    The weights keep their 32 bits, so do the output layers and layers with a precision of their own: a loss
    of 16 bits would soon overflow. Compile the model afterwards: Keras then scales the loss.

    Args:
        model: a model that is not compiled yet.
        settings: the project's training settings, defaults filled in.
        reporter: hears why "auto" decided against it.

    Raises:
        BuilderError: ``mixed_precision_needs_gpu`` where it is asked for on a CPU.

    Reference: Micikevicius et al., Mixed Precision Training (2018).
    """
    if isinstance(model, AdversarialModel):
        # Its losses are not scaled, and of 16 bits they would overflow.
        return []
    lowered = _changeable(model) if _is_wanted(settings, reporter) else []
    for layer in lowered:
        layer.dtype_policy = MIXED
    return lowered


def restore_precision(lowered: Iterable[keras.layers.Layer]) -> None:
    """Let layers that ``lower_precision`` returned calculate in 32 bits again."""
    for layer in lowered:
        layer.dtype_policy = FULL


def _is_wanted(settings: Mapping[str, Any], reporter: Reporter) -> bool:
    wish = settings["mixed_precision"]
    if wish == "on" and not tf.config.list_physical_devices("GPU"):
        message = (
            "Mixed precision needs a GPU, and TensorFlow finds none on this machine: a CPU has no fast "
            "16-bit arithmetic, so training would take up to six times as long. Set 'mixed_precision' to "
            "'auto' or 'off'."
        )
        raise stop("mixed_precision_needs_gpu", message, field="mixed_precision")
    if wish == "auto" and not _gpu_gains():
        reporter.event("mixed_precision", "Mixed precision is not used: this machine would not gain by it.")
        return False
    return bool(wish != "off")


def _gpu_gains() -> bool:
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return False
    details = tf.config.experimental.get_device_details(gpus[0])
    return tuple(details.get("compute_capability", (0, 0))) >= CAPABILITY


def _changeable(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the model itself and its layers of 32 bits, those inside others too, but no input or output."""
    outputs = {id(operation) for operation in _last_layers(model)}
    found: list[keras.layers.Layer] = []
    waiting: list[keras.layers.Layer] = [model]
    while waiting:
        layer = waiting.pop()
        if id(layer) in outputs or isinstance(layer, keras.layers.InputLayer):
            continue
        if layer.dtype_policy.name == FULL:
            found.append(layer)
        # Keras has no public way to the layers inside a layer one level deep.
        waiting += layer._flatten_layers(recursive=False, include_self=False)
    return found


def _last_layers(model: keras.Model) -> list[Any]:
    return [output._keras_history.operation for output in model.outputs]
