"""Learning rates as functions of the step alone, so that a resumed run goes on exactly."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from builder.blocks.base import Call
from builder.training_parameters import counting


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


@keras.saving.register_keras_serializable(package="kerablocks")
class InverseSquareRoot(keras.optimizers.schedules.LearningRateSchedule):
    """Hold the learning rate for some steps, then let it fall with the inverse square root of the step.

    With a warm-up over the same steps it is the schedule of the Transformer.

    Reference: Vaswani et al., Attention Is All You Need (2017), section 5.3.
    """

    def __init__(self, learning_rate, held_steps):
        super().__init__()
        self.learning_rate = learning_rate
        self.held_steps = held_steps

    def __call__(self, step):
        """Return the learning rate at a step, which counts from 0."""
        held = float(self.held_steps)
        step = keras.ops.maximum(keras.ops.cast(step, "float32") + 1, held)
        return self.learning_rate * keras.ops.sqrt(held / step)

    def get_config(self):
        """Return the arguments that make the same schedule again."""
        return {"learning_rate": self.learning_rate, "held_steps": self.held_steps}


@keras.saving.register_keras_serializable(package="kerablocks")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Let the learning rate rise along a cosine over the first 30 % of all steps, then fall to almost 0.

    It starts at a 25th of the highest rate and ends at a 10,000th of its start.

    Reference: Smith and Topin, Super-Convergence (2018).
    """

    def __init__(self, learning_rate, steps):
        super().__init__()
        self.learning_rate = learning_rate
        self.steps = steps

    def __call__(self, step):
        """Return the learning rate at a step, which counts from 0."""
        share = keras.ops.minimum(keras.ops.cast(step, "float32") / self.steps, 1.0)
        rise = share / 0.3
        fall = (share - 0.3) / 0.7
        start, end = self.learning_rate / 25, self.learning_rate / 250_000
        rising = start + (self.learning_rate - start) * (1 - keras.ops.cos(np.pi * rise)) / 2
        falling = end + (self.learning_rate - end) * (1 + keras.ops.cos(np.pi * fall)) / 2
        return keras.ops.where(share < 0.3, rising, falling)

    def get_config(self):
        """Return the arguments that make the same schedule again."""
        return {"learning_rate": self.learning_rate, "steps": self.steps}


def cosine_decay(learning_rate, epochs, steps_per_epoch, minimum=0.0):
    """Let the learning rate fall to its minimum along half a cosine wave."""
    share = minimum / learning_rate
    return keras.optimizers.schedules.CosineDecay(learning_rate, epochs * steps_per_epoch, alpha=share)


def cosine_restarts(learning_rate, first_epochs, steps_per_epoch, minimum=0.0):
    """Let the learning rate fall along half a cosine wave, again and again, each time twice as long.

    Reference: Loshchilov and Hutter, SGDR (2017).
    """
    steps = max(1, round(first_epochs * steps_per_epoch))
    share = minimum / learning_rate
    return keras.optimizers.schedules.CosineDecayRestarts(learning_rate, steps, alpha=share)


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


def polynomial_decay(learning_rate, epochs, steps_per_epoch, power, minimum=0.0):
    """Let the learning rate fall to its minimum with a power of the steps that are left."""
    return keras.optimizers.schedules.PolynomialDecay(
        learning_rate, decay_steps=epochs * steps_per_epoch, end_learning_rate=minimum, power=power
    )


def inverse_square_root(learning_rate, held_epochs, steps_per_epoch):
    """Let the learning rate fall with the inverse square root of the step, after some epochs."""
    return InverseSquareRoot(learning_rate, max(1, round(held_epochs * steps_per_epoch)))


def one_cycle(learning_rate, epochs, steps_per_epoch):
    """Let the learning rate rise and fall once over the run."""
    return OneCycle(learning_rate, epochs * steps_per_epoch)


DECAYS: dict[str, Callable[..., Any]] = {
    "cosine": cosine_decay,
    "cosine_restarts": cosine_restarts,
    "exponential": exponential_decay,
    "step": step_decay,
    "polynomial": polynomial_decay,
    "inverse_square_root": inverse_square_root,
    "one_cycle": one_cycle,
}
# Schedules whose learning rate is a variable: nothing but the run itself lowers it.
UNSCHEDULED = ("constant", "plateau")


def decay(settings: Mapping[str, Any], start: Any, epochs: Any, steps_per_epoch: Any) -> Any:
    """Return the call that lets a learning rate fall over the run, or the start itself if none is planned.

    Args:
        settings: the project's training settings, defaults filled in.
        start: the learning rate at first; this and the others are numbers, or what stands for them in a
            script.
        epochs: the number of epochs.
        steps_per_epoch: batches an epoch.
    """
    name = settings["schedule"]
    if name in UNSCHEDULED:
        return start
    arguments = {"learning_rate": start, "steps_per_epoch": steps_per_epoch}
    if name == "cosine_restarts":
        arguments["first_epochs"] = settings["restart_epochs"]
    elif name == "inverse_square_root":
        # The Transformer's schedule holds until the warm-up ends; without one, for an epoch.
        arguments["held_epochs"] = settings["warmup_epochs"] or 1
    else:
        arguments["epochs"] = epochs
    if name == "polynomial":
        arguments["power"] = settings["polynomial_power"]
    if name in ("cosine", "cosine_restarts", "polynomial") and settings["minimum_learning_rate"]:
        arguments["minimum"] = settings["minimum_learning_rate"]
    return _call(DECAYS[name], arguments)


def warmed_up(settings: Mapping[str, Any], rate: Any, steps_per_epoch: Any) -> Any:
    """Return the call that puts a warm-up before a learning rate, or the rate itself if there is none.

    Args:
        settings: the project's training settings, defaults filled in.
        rate: a number, a call, or what stands for it in a script.
        steps_per_epoch: batches an epoch.
    """
    epochs = _warmup_epochs(settings)
    if not epochs:
        return rate
    return _call(warm_up, {"learning_rate": rate, "epochs": epochs, "steps_per_epoch": steps_per_epoch})


def carried(settings: Mapping[str, Any]) -> list[Any]:
    """Return the functions and classes that a script needs for its learning rate."""
    name = settings["schedule"]
    classes = {"inverse_square_root": [InverseSquareRoot], "one_cycle": [OneCycle]}.get(name, [])
    decays = [] if name in UNSCHEDULED else [DECAYS[name]]
    return [*classes, *decays, *([LinearWarmup, warm_up] if _warmup_epochs(settings) else [])]


def _warmup_epochs(settings: Mapping[str, Any]) -> float:
    return float(counting(settings).get("warmup_epochs", 0.0))


def _call(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Call:
    return Call(function, function.__name__, arguments)
