"""Why training failed, in words that a person can act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from builder.data.prepare import Prepared
from builder.errors import BuilderError, Problem

CLIP_NORM = 1
MEMORY_WORDS = (
    "oom when allocating",
    "out of memory",
    "bad_alloc",
    "failed to allocate",
    "cannot allocate",
    # What oneDNN says where it finds no memory for its work.
    "could not create a",
    "could not execute a primitive",
    "compute received an exception",
)


class NotFinite(Exception):
    """The loss, values or weights are no longer numbers; what went wrong first is still to be found."""


@dataclass(frozen=True)
class Cause:
    """What went wrong first: the layer's name if there is one, and a sentence for the person."""

    block: str | None = None
    sentence: str = ""


def diverged(
    settings: Mapping[str, Any], step: int, epoch: int, last_loss: float | None, cause: Cause
) -> BuilderError:
    """Return the problem of a loss, or of weights, that are no longer numbers.

    Args:
        settings: the training settings, defaults filled in.
        step: the step where that was seen, counted over all epochs from 1.
        epoch: its epoch, from 1.
        last_loss: the last loss that was reported and finite.
        cause: what went wrong first.
    """
    before = "" if last_loss is None else f"The loss before was {last_loss:.4g}. "
    what = f"Training diverged at step {step} (epoch {epoch}): the loss or the weights are no longer numbers."
    rate = settings["learning_rate"]
    cures = [f"lower the learning rate from {rate:g} to {rate / 10:g}"]
    if not 0 < settings["clip_norm"] <= CLIP_NORM:
        cures.append(f"set clip_norm to {CLIP_NORM}")
    cures.append("check the data for extreme values")
    advice = f"Try this: {', or '.join(cures)}; then start a new run."
    message = f"{what} {before}{cause.sentence} The last good checkpoint is kept. {advice}"
    return BuilderError([Problem("diverged", message, block=cause.block, field="learning_rate")])


def bad_data(prepared: Prepared) -> Cause | None:
    """Return the cause where the training samples themselves hold values that are not numbers."""
    rows = prepared.indices["train"]
    names = [spec.target_name or "target" for spec in prepared.spec.each_target]
    targets = zip(names, prepared.all_targets, strict=True)
    for name, array in [*prepared.arrays.items(), *targets]:
        if array.dtype.kind == "f" and not np.isfinite(array[rows]).all():
            return Cause(None, f"The training data hold values that are not numbers, in '{name}'.")
    return None


def layer_with_bad_weights(model: keras.Model) -> str | None:
    """Return the first layer, in the order of computation, whose weights are not all finite, or None."""
    for layer in model.layers:
        if not all(_finite(variable) for variable in layer.weights):
            return str(layer.name)
    return None


def cause_in_batch(model: keras.Model, inputs: Any) -> Cause:
    """Return where values stop being finite when a batch flows through a model with finite weights.

    Where every output is still finite and only the loss overflows, the block with the largest weights is
    named.
    """
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    outputs = keras.Model(model.input, [layer.output for layer in layers])(inputs, training=True)
    for layer, output in zip(layers, outputs, strict=True):
        if not all(_finite(tensor) for tensor in keras.tree.flatten(output)):
            sentence = f"The first values that are not numbers came out of the block '{layer.name}'."
            return Cause(layer.name, sentence)
    sizes = {layer.name: max((_largest(item) for item in layer.weights), default=0.0) for layer in layers}
    largest = max(sizes, key=lambda name: sizes[name])
    return Cause(largest, f"The weights of the block '{largest}' had grown to {sizes[largest]:.3g}.")


def explain(error: BaseException, settings: Mapping[str, Any], log: str) -> Problem:
    """Return the problem that tells a person about any error; its details belong into the log.

    Args:
        error: what was raised.
        settings: the training settings, defaults filled in.
        log: where the details are.
    """
    if isinstance(error, BuilderError) and error.problems:
        return error.problems[0]
    if is_memory_error(error):
        return _out_of_memory(settings["batch_size"])
    message = (
        f"Training ended because of an unexpected error ({type(error).__name__}). The last checkpoint is "
        f"kept, and the details are in {log}. Resume the run; if it ends again, check blocks and data."
    )
    return Problem("training_failed", message)


def is_memory_error(error: BaseException) -> bool:
    """Tell whether an error means that memory ran out."""
    if isinstance(error, (MemoryError, tf.errors.ResourceExhaustedError)):
        return True
    text = str(error).lower()
    return any(words in text for words in MEMORY_WORDS)


def _out_of_memory(batch_size: int) -> Problem:
    smaller = max(1, batch_size // 4)
    batch = f"Lower the batch size from {batch_size} to {smaller}, or make" if batch_size > 1 else "Make"
    message = (
        f"The memory of the machine ran out while training with {batch_size} samples a step. {batch} the "
        "model smaller: fewer units or filters, smaller images, shorter texts. Then start a new run."
    )
    return Problem("out_of_memory", message, field="batch_size")


def _finite(values: Any) -> bool:
    array = np.asarray(values)
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _largest(variable: Any) -> float:
    return float(np.abs(np.asarray(variable)).max(initial=0))
