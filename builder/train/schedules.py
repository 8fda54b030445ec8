"""Learning rates as functions of the step alone, so that a resumed run goes on exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

EXPONENTIAL_END = 0.01
STEP_DROPS = (0.5, 0.75)
STEP_FACTOR = 0.1


@keras.saving.register_keras_serializable("kerablocks")
class LinearWarmup(keras.optimizers.schedules.LearningRateSchedule):
    """Multiply another schedule by a factor that rises linearly to 1 over the first steps.

    The first step has the factor 1 / ``warmup_steps``, so that it is not wasted.

    Args:
        schedule: a learning rate, or the schedule that gives it.
        warmup_steps: the number of steps, at least 1.

    Reference: Goyal et al., "Accurate, Large Minibatch SGD", 2017.
    """

    def __init__(self, schedule: Any, warmup_steps: int) -> None:
        super().__init__()
        self.schedule = schedule
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at ``step``, which counts from 0."""
        rate = self.schedule(step) if callable(self.schedule) else self.schedule
        share = (ops.cast(step, "float32") + 1) / self.warmup_steps
        return rate * ops.minimum(share, 1.0)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same schedule again."""
        schedule = keras.saving.serialize_keras_object(self.schedule)
        return {"schedule": schedule, "warmup_steps": self.warmup_steps}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LinearWarmup:
        """Return the schedule that ``get_config`` described."""
        schedule = keras.saving.deserialize_keras_object(config["schedule"])
        return cls(schedule, config["warmup_steps"])


def learning_rate(settings: Mapping[str, Any], steps_per_epoch: int) -> Any:
    """Return the learning rate of a run: a number, or a Keras schedule.

    Over the whole run "cosine" falls to 0, "exponential" falls smoothly to 1 % of the start, and "step"
    drops to a tenth at half and again at three quarters.

    Args:
        settings: the project's training settings, defaults filled in.
        steps_per_epoch: batches an epoch.
    """
    rate = _schedule(settings["schedule"], settings["learning_rate"], settings["epochs"] * steps_per_epoch)
    warmup_steps = round(settings["warmup_epochs"] * steps_per_epoch)
    return LinearWarmup(rate, warmup_steps) if warmup_steps else rate


def _schedule(name: str, start: float, steps: int) -> Any:
    schedules = keras.optimizers.schedules
    if name == "cosine":
        return schedules.CosineDecay(start, decay_steps=steps)
    if name == "exponential":
        return schedules.ExponentialDecay(start, decay_steps=steps, decay_rate=EXPONENTIAL_END)
    if name == "step":
        boundaries = [max(1, round(share * steps)) for share in STEP_DROPS]
        values = [start * STEP_FACTOR**drops for drops in range(len(boundaries) + 1)]
        return schedules.PiecewiseConstantDecay(boundaries, values)
    return start
