"""The loss and the metrics of a run as Keras objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from builder.data.spec import DataSpec
from builder.training_plan import objective as plan


@dataclass(frozen=True)
class Objective:
    """The arguments of ``keras.Model.compile`` that follow from the tasks: lists for several outputs."""

    loss: keras.losses.Loss | list[keras.losses.Loss]
    metrics: list[Any]
    loss_weights: float | list[float] | None


def objective(
    settings: Mapping[str, Any], spec: DataSpec, model: keras.Model, mixed: bool = False
) -> Objective:
    """Return the loss and the metrics that ``builder.training_plan.objective`` chooses, newly made.

    Args:
        settings: the project's training settings, defaults filled in.
        spec: the data's description.
        model: a model with one output a target.
        mixed: whether training samples are mixed, so that their targets are shares of the classes.

    Raises:
        BuilderError: ``wrong_output`` or ``wrong_loss`` where outputs, losses and tasks do not fit together.
    """
    chosen = plan.objectives(settings, spec, model, mixed)
    losses = [item.loss.run() for item in chosen]
    metrics = [[metric.run() for metric in item.metrics] for item in chosen]
    if len(chosen) == 1:
        return Objective(losses[0], metrics[0], chosen[0].loss_weights)
    weights = [1.0 if item.loss_weights is None else item.loss_weights for item in chosen]
    return Objective(losses, metrics, weights)
