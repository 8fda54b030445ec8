"""The learning-rate range test: a short training whose learning rate grows until the loss breaks away."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from builder.data.prepare import Prepared
from builder.errors import stop
from builder.train.compiling import compile_model
from builder.train.evaluator import running_values
from builder.train.run_state import Position
from builder.train.steps import Steps
from builder.train.training_data import TrainingData

STEPS = 100
LOWEST, HIGHEST = 1e-6, 10.0
# Past this many times the best loss the rest tells nothing.
BROKEN_AWAY = 4.0
NEIGHBORS = 7
# A loss that fell by less has only wavered.
LEAST_FALL = 0.03
# The suggestion keeps so far away from the rate where the loss was lowest.
MARGIN = 10.0


def range_test(
    model: keras.Model,
    prepared: Prepared,
    settings: Mapping[str, Any],
    factors: Mapping[str, float] | None = None,
    steps: int = STEPS,
    on_progress: Callable[[float, str], None] | None = None,
) -> dict[str, Any]:
    """Return the loss against the learning rate, and the rate that this suggests.

    The model is trained meanwhile, and good for nothing afterwards.

    Args:
        model: a model made by ``builder.compiler.build``.
        prepared: the data.
        settings: the project's training settings, defaults filled in.
        factors: for some layers' names a factor of their learning rate.
        steps: how many weight changes to make at most.
        on_progress: called with the done share, 0 to 1, and words.

    Returns:
        "rates", "losses" and "smoothed", lists of one length; "suggestion", a learning rate; "at_minimum",
        the rate where the smoothed loss was lowest; "before", the rate that is set now.

    Raises:
        BuilderError: ``no_suggestion`` where the loss never fell.

    Reference: Smith, Cyclical Learning Rates for Training Neural Networks (2017), section 3.3.
    """
    plain = {
        **settings,
        "schedule": "constant",
        "warmup_epochs": 0,
        "use_ema": False,
        "accumulation_steps": 1,
    }
    data = TrainingData(prepared, plain)
    compile_model(model, data, plain, factors)
    one_step, position, iterator = Steps(model.train_step, 1), Position(), None
    rates, losses = np.geomspace(LOWEST, HIGHEST, steps).tolist(), []
    for number, rate in enumerate(rates):
        if position.step == data.steps_per_epoch:
            position.end_epoch()
            iterator = None
        iterator = iterator or data.training_batches(position)
        model.optimizer.learning_rate = rate
        model.reset_metrics()
        _, finite = one_step.run(iterator, 1)
        position.advance(1)
        if not finite:
            break
        losses.append(running_values(model)["loss"])
        if _has_broken_away(losses):
            break
        if on_progress is not None:
            on_progress((number + 1) / steps, f"Learning rate {rate:.1e}")
    return {**_judged(rates[: len(losses)], losses), "before": settings["learning_rate"]}


def smoothed(losses: list[float]) -> list[float]:
    """Return every loss averaged with its neighbors, which shifts nothing along the rates."""
    kernel = np.ones(NEIGHBORS)
    sums = np.convolve(losses, kernel, "same")[: len(losses)]
    counts = np.convolve(np.ones(len(losses)), kernel, "same")[: len(losses)]
    return [float(value) for value in sums / counts]


def suggested(rates: list[float], losses: list[float]) -> tuple[float, float] | None:
    """Return the suggested learning rate and the one of the lowest loss; None where the loss never fell.

    The suggestion is a tenth of the latter: there the loss still falls, far from where it breaks away.

    Args:
        rates: learning rates, rising by a constant factor.
        losses: the smoothed loss at each.
    """
    lowest = int(np.argmin(losses))
    if losses[0] - losses[lowest] < LEAST_FALL * abs(losses[0]):
        return None
    return rates[lowest] / MARGIN, rates[lowest]


def _judged(rates: list[float], losses: list[float]) -> dict[str, Any]:
    curve = smoothed(losses)
    found = suggested(rates, curve) if losses else None
    if found is None:
        raise stop(
            "no_suggestion",
            "The loss did not fall at any learning rate, so none can be suggested. Check the data and the "
            "model: the targets may have nothing to do with the inputs, or the model may give no numbers.",
            field="learning_rate",
        )
    suggestion, at_minimum = (_rounded(rate) for rate in found)
    return {
        "rates": rates,
        "losses": losses,
        "smoothed": curve,
        "suggestion": suggestion,
        "at_minimum": at_minimum,
    }


def _has_broken_away(losses: list[float]) -> bool:
    curve = smoothed(losses)
    # By how much it rose: the loss of counts lies below zero, where many times the best one is no limit.
    above_best, above_first = curve[-1] - min(curve), curve[-1] - curve[0]
    is_far = above_best > (BROKEN_AWAY - 1) * abs(min(curve)) and above_first > abs(curve[0])
    return len(curve) > 10 and is_far


def _rounded(rate: float) -> float:
    """Return a number with two digits, which is as exact as this is."""
    return round(rate, 1 - math.floor(math.log10(rate)))
