"""Learning rates as functions of the step alone, so that a resumed run goes on exactly."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from builder.blocks.base import Call


@keras.saving.register_keras_serializable(package="kerablocks")
class LinearWarmup(keras.optimizers.schedules.LearningRateSchedule):
    """Multiply another schedule by a factor that rises linearly to 1 over the first steps.

    The first step has the factor 1 / ``warmup_steps``, so that it is not wasted.

    Reference: Goyal et al., Accurate, Large Minibatch SGD (2017).
    """

    def __init__(self, schedule, warmup_steps):
        super().__init__()
        self.schedule = schedule
        self.warmup_steps = warmup_steps

    def __call__(self, step):
        """Return the learning rate at a step, which counts from 0."""
        rate = self.schedule(step) if callable(self.schedule) else self.schedule
        share = (keras.ops.cast(step, "float32") + 1) / self.warmup_steps
        return rate * keras.ops.minimum(share, 1.0)

    def get_config(self):
        """Return the arguments that make the same schedule again."""
        schedule = keras.saving.serialize_keras_object(self.schedule)
        return {"schedule": schedule, "warmup_steps": self.warmup_steps}

    @classmethod
    def from_config(cls, config):
        """Return the schedule that ``get_config`` described."""
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["warmup_steps"])


def warm_up(learning_rate, epochs, steps_per_epoch):
    """Let a learning rate, or a schedule, rise linearly from zero over its first epochs."""
    return LinearWarmup(learning_rate, max(1, round(epochs * steps_per_epoch)))


def cosine_decay(learning_rate, epochs, steps_per_epoch):
    """Let the learning rate fall to 0 along half a cosine wave."""
    return keras.optimizers.schedules.CosineDecay(learning_rate, decay_steps=epochs * steps_per_epoch)


def exponential_decay(learning_rate, epochs, steps_per_epoch):
    """Let the learning rate fall smoothly to 1 % of its start."""
    steps = epochs * steps_per_epoch
    return keras.optimizers.schedules.ExponentialDecay(learning_rate, decay_steps=steps, decay_rate=0.01)


def step_decay(learning_rate, epochs, steps_per_epoch):
    """Let the learning rate drop to a tenth at half of all steps and again at three quarters."""
    steps = epochs * steps_per_epoch
    boundaries = [max(1, round(share * steps)) for share in (0.5, 0.75)]
    values = [learning_rate * 0.1**drops for drops in range(3)]
    return keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, values)


DECAYS: dict[str, Callable[..., Any]] = {
    "cosine": cosine_decay,
    "exponential": exponential_decay,
    "step": step_decay,
}


def decay(settings: Mapping[str, Any], start: Any, epochs: Any, steps_per_epoch: Any) -> Any:
    """Return the call that lets a learning rate fall over the run, or the start itself if it is constant.

    Args:
        settings: the project's training settings, defaults filled in.
        start: the learning rate at first; this and the others are numbers, or what stands for them in a
            script.
        epochs: the number of epochs.
        steps_per_epoch: batches an epoch.
    """
    if settings["schedule"] == "constant":
        return start
    arguments = {"learning_rate": start, "epochs": epochs, "steps_per_epoch": steps_per_epoch}
    return _call(DECAYS[settings["schedule"]], arguments)


def warmed_up(settings: Mapping[str, Any], rate: Any, steps_per_epoch: Any) -> Any:
    """Return the call that puts a warm-up before a learning rate, or the rate itself if there is none.

    Args:
        settings: the project's training settings, defaults filled in.
        rate: a number, a call, or what stands for it in a script.
        steps_per_epoch: batches an epoch.
    """
    epochs = settings["warmup_epochs"]
    if not epochs:
        return rate
    return _call(warm_up, {"learning_rate": rate, "epochs": epochs, "steps_per_epoch": steps_per_epoch})


def carried(settings: Mapping[str, Any]) -> list[Any]:
    """Return the functions and classes that a script needs for its learning rate."""
    names = [DECAYS[settings["schedule"]]] if settings["schedule"] != "constant" else []
    return [*names, *([LinearWarmup, warm_up] if settings["warmup_epochs"] else [])]


def _call(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Call:
    return Call(function, function.__name__, arguments)
