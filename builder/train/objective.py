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
    """The arguments of ``keras.Model.compile`` that follow from the task."""

    loss: keras.losses.Loss
    metrics: list[keras.metrics.Metric]
    loss_weights: float | None


def objective(settings: Mapping[str, Any], spec: DataSpec, model: keras.Model) -> Objective:
    """Return the loss and the metrics that ``builder.training_plan.objective`` chooses, newly made.

    Args:
        settings: the project's training settings, defaults filled in.
        spec: the data's description.
        model: a model with one output of shape (batch, units).

    Raises:
        BuilderError: ``wrong_output`` or ``wrong_loss`` where output, loss and task do not fit together.
    """
    chosen = plan.objective(settings, spec, model)
    metrics = [metric.run() for metric in chosen.metrics]
    return Objective(chosen.loss.run(), metrics, chosen.loss_weights)
