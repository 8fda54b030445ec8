"""A model made ready to train: compiled, and with every variable that a checkpoint holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from builder.adversarial.model import AdversarialModel, discriminator_settings, generator_steps
from builder.errors import stop
from builder.train.objective import objective
from builder.train.optimizers import make_optimizer
from builder.train.training_data import TrainingData
from builder.training_plan.compilation import compile_options


def compile_model(
    model: keras.Model,
    data: TrainingData,
    settings: Mapping[str, Any],
    factors: Mapping[str, float] | None = None,
) -> None:
    """Compile a model and make the variables of its optimizer and metrics.

    Args:
        model: a model with one output a target, each of one of the shapes that the data ask for.
        data: the run's data.
        settings: the project's training settings, defaults filled in.
        factors: for some layers' names a factor of their learning rate.

    Raises:
        BuilderError: where model, loss and data do not fit together.
    """
    if isinstance(model, AdversarialModel):
        _compile_adversarial(model, data, settings, factors)
        return
    goal = objective(settings, data.prepared.spec, model, data.is_mixed)
    model.compile(
        make_optimizer(settings, data.steps_per_epoch, factors, model),
        goal.loss,
        goal.loss_weights,
        goal.metrics,
        # The loop compiles the steps itself: see builder.train.xla.
        **{**compile_options(settings), "jit_compile": False},
    )
    model.optimizer.build(model.trainable_variables)
    # Keras makes the metrics' variables at their first use; a checkpoint needs them before.
    prepared = data.prepared
    targets: Any = tuple(
        np.zeros((1, *spec.target_shape), array.dtype)
        for spec, array in zip(prepared.spec.each_target, prepared.all_targets, strict=True)
    )
    targets = targets if len(targets) > 1 else targets[0]
    outputs = keras.tree.map_structure(
        lambda tensor: np.zeros((1, *tensor.shape[1:]), np.float32), model.output
    )
    model.compute_loss(None, targets, outputs)
    model.compute_metrics(None, targets, outputs)
    model.reset_metrics()
    _check_monitor(model, settings["monitor"])


def _compile_adversarial(
    model: AdversarialModel,
    data: TrainingData,
    settings: Mapping[str, Any],
    factors: Mapping[str, float] | None,
) -> None:
    steps = data.steps_per_epoch
    model.prepare_training(
        settings,
        make_optimizer(settings, generator_steps(settings, steps), factors, model.generator),
        make_optimizer(discriminator_settings(settings), steps, factors, model.judge),
    )


def _check_monitor(model: keras.Model, monitor: str) -> None:
    """Check that the watched value is one that the run reports."""
    known = list(model.get_metrics_result())
    if monitor not in known:
        message = (
            f"The watched value '{monitor}' is not reported by this run, which reports "
            f"{', '.join(known)}. Choose 'loss' or one of them as the watched value."
        )
        raise stop("no_such_monitor", message, field="monitor")
