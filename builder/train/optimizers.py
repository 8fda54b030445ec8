"""The optimizer of a run as a Keras object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from builder.blocks.base import Call
from builder.training_plan.learning_rate import decay, warmed_up
from builder.training_plan.optimizer import optimizer


def learning_rate(settings: Mapping[str, Any], steps_per_epoch: float) -> Any:
    """Return the learning rate of a run: a number, or a Keras schedule.

    Args:
        settings: the project's training settings, defaults filled in.
        steps_per_epoch: changes of the weights an epoch; batches, where each changes them.
    """
    falling = decay(settings, settings["learning_rate"], settings["epochs"], steps_per_epoch)
    rate = warmed_up(settings, falling, steps_per_epoch)
    return rate.run() if isinstance(rate, Call) else rate


def make_optimizer(
    settings: Mapping[str, Any],
    steps_per_epoch: float,
    factors: Mapping[str, float] | None = None,
    model: keras.Model | None = None,
) -> keras.optimizers.Optimizer:
    """Return the optimizer of a run, with its schedule, weight decay and gradient clipping.

    Args:
        settings: the project's training settings, defaults filled in.
        steps_per_epoch: changes of the weights an epoch; batches, where each changes them.
        factors: for some layers' names a factor of their learning rate.
        model: the model whose layers these are; only with factors.
    """
    return optimizer(settings, learning_rate(settings, steps_per_epoch), factors, model).run()


def changes_weights(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Return the optimizer that changes the weights: for mixed precision Keras puts it into another one."""
    scales_loss = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    return optimizer.inner_optimizer if scales_loss else optimizer
