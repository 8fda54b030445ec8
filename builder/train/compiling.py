"""A model made ready to train: compiled, and with every variable that a checkpoint holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from builder.train.objective import objective
from builder.train.optimizers import make_optimizer
from builder.train.training_data import TrainingData


def compile_model(model: keras.Model, data: TrainingData, settings: Mapping[str, Any]) -> None:
    """Compile a model and make the variables of its optimizer and metrics.

    Args:
        model: a model with one output of shape (batch, units).
        data: the run's data.
        settings: the project's training settings, defaults filled in.

    Raises:
        BuilderError: where model, loss and data do not fit together.
    """
    goal = objective(settings, data.prepared.spec, model)
    model.compile(
        make_optimizer(settings, data.steps_per_epoch),
        goal.loss,
        goal.loss_weights,
        goal.metrics,
        # XLA halves the speed of convolutions on a CPU and takes minutes to compile some models.
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)
    # Keras makes the metrics' variables at their first use; a checkpoint needs them before.
    targets = np.zeros((1,), data.prepared.targets.dtype)
    outputs = np.zeros((1, model.outputs[0].shape[-1]), np.float32)
    model.compute_loss(None, targets, outputs)
    model.compute_metrics(None, targets, outputs)
    model.reset_metrics()
