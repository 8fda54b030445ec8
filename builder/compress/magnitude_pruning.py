"""Magnitude pruning along a polynomial schedule, inside the training steps.

A pruned weight is exactly zero, and every step keeps zero what was zero before it. So the weights themselves
are the masks: a checkpoint needs nothing more, and a run that goes on is exact. For the same reason a model
that comes with zeros keeps them under any later recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from builder.compress.kernels import Chosen, Kernel, every_kernel
from builder.compression_parameters import TWO_OF_FOUR, WHOLE_MODEL
from builder.errors import stop

# How often the sparsity grows until it is reached.
STAGES = 50
# No layer loses more than this where the smallest weights of the whole model are looked for.
MOST_OF_A_LAYER = 0.98
# In a kernel with fewer zeros than this they are there by chance.
FEWEST_ZEROS = 0.05
_GROUP, _KEPT_OF_GROUP = 4, 2

Step = Callable[[Any], dict[str, Any]]


def check_prunable(chosen: Chosen, pattern: str) -> None:
    """Check that something can be pruned.

    Raises:
        BuilderError: ``nothing_to_prune``.
    """
    if chosen.kernels and (pattern != TWO_OF_FOUR or any(_has_groups(item) for item in chosen.kernels)):
        return
    reasons = "; ".join(f"'{layer}': {why}" for layer, why in chosen.left.items())
    words = "It has no kernels with four neighboring inputs." if chosen.kernels else reasons
    message = (
        f"This model has no layer that could be pruned. {words or 'None of its layers has a kernel.'} "
        "Choose another recipe or another run."
    )
    raise stop("nothing_to_prune", message, field="recipe")


def pruned_steps(
    model: keras.Model, chosen: Chosen, settings: Mapping[str, Any], updates: int
) -> Callable[[Step], Step]:
    """Return what makes pruning steps of training steps.

    Args:
        model: the compiled model; its optimizer's count of updates is the schedule's clock, because batches
            are counted otherwise where several of them make one update.
        chosen: the kernels to prune.
        settings: the recipe's settings, defaults filled in.
        updates: how many updates the whole run makes.

    Reference:
        Zhu and Gupta, To prune, or not to prune (2017), equation 1.
    """
    variables = [kernel.variable for kernel in chosen.kernels]
    ramp = max(1, int(settings["ramp"] * updates))
    every = max(1, ramp // STAGES)

    def prune(done: Any) -> Any:
        sparsity = sparsity_at(done, ramp, settings)
        for variable, mask in zip(variables, _masks(chosen.kernels, sparsity, settings), strict=True):
            variable.assign(tf.where(mask, variable.value, 0.0))
        return tf.constant(True)

    def around(step: Step) -> Step:
        keeping = keep_zeros(variables)(step)

        def shaped(iterator: Any) -> dict[str, Any]:
            logs = keeping(iterator)
            done = tf.cast(model.optimizer.iterations, tf.int32)
            due = tf.logical_or(tf.logical_and(done % every == 0, done < ramp), tf.equal(done, ramp))
            tf.cond(due, lambda: prune(done), lambda: tf.constant(False))
            return logs

        return shaped

    return around


def sparsity_at(done: Any, ramp: int, settings: Mapping[str, Any]) -> Any:
    """Return the sparsity that the schedule asks for after some updates; constant after the ramp."""
    left = 1.0 - tf.minimum(tf.cast(done, tf.float32) / float(ramp), 1.0)
    start, final = float(settings["start_sparsity"]), float(settings["sparsity"])
    return final + (start - final) * left ** float(settings["power"])


def keep_zeros(variables: Sequence[Any]) -> Callable[[Step], Step]:
    """Return what makes steps after which every weight is zero that was zero before."""

    def around(step: Step) -> Step:
        def shaped(batch: Any) -> dict[str, Any]:
            # TensorFlow reads and writes variables in the order of these lines.
            masks = [tf.not_equal(variable.value, 0.0) for variable in variables]
            logs = step(batch)
            for variable, mask in zip(variables, masks, strict=True):
                variable.assign(tf.where(mask, variable.value, 0.0))
            return logs

        return shaped

    return around


def sparse_variables(model: keras.Model) -> list[Any]:
    """Return the kernels and embedding tables that an earlier pruning has left with many zeros."""
    kernels, _ = every_kernel(model, True)
    return [kernel.variable for kernel in kernels if _zeros(kernel.variable) >= FEWEST_ZEROS]


def _zeros(variable: Any) -> float:
    """Return the share of zeros."""
    return float(keras.ops.mean(keras.ops.cast(variable == 0, "float32")))


def _masks(kernels: Sequence[Kernel], sparsity: Any, settings: Mapping[str, Any]) -> list[Any]:
    """Return for each kernel which weights stay."""
    if settings["pattern"] == TWO_OF_FOUR:
        return [_two_of_four(kernel) for kernel in kernels]
    sizes = [tf.abs(kernel.variable.value) for kernel in kernels]
    if settings["scope"] != WHOLE_MODEL:
        return [size > _threshold(size, sparsity) for size in sizes]
    everywhere = _threshold(tf.concat([tf.reshape(size, [-1]) for size in sizes], 0), sparsity)
    most = tf.maximum(sparsity, MOST_OF_A_LAYER)
    return [size > tf.minimum(everywhere, _threshold(size, most)) for size in sizes]


def _threshold(sizes: Any, sparsity: Any) -> Any:
    """Return the size up to which weights go, below all sizes where none goes."""
    ordered = tf.sort(tf.reshape(sizes, [-1]))
    gone = tf.cast(tf.round(sparsity * float(ordered.shape[0])), tf.int32)
    return tf.where(gone > 0, ordered[tf.maximum(gone - 1, 0)], -1.0)


def _has_groups(kernel: Kernel) -> bool:
    return bool(kernel.input_axes) and kernel.variable.shape[kernel.input_axes[-1]] % _GROUP == 0


def _two_of_four(kernel: Kernel) -> Any:
    """Return the two largest of every four neighboring inputs; a kernel that cannot be grouped stays."""
    sizes = tf.abs(kernel.variable.value)
    if not _has_groups(kernel):
        return tf.ones_like(sizes, tf.bool)
    by_input = keras.ops.moveaxis(sizes, kernel.input_axes[-1], -1)
    groups = tf.reshape(by_input, [-1, _GROUP])
    best = tf.math.top_k(groups, _KEPT_OF_GROUP).indices
    mask = tf.reduce_max(tf.one_hot(best, _GROUP), axis=1) > 0
    return keras.ops.moveaxis(tf.reshape(mask, tf.shape(by_input)), -1, kernel.input_axes[-1])
