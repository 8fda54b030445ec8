"""Keras optimizers from the training settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from builder.train.schedules import learning_rate

MOMENTUM = 0.9
OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
    "lion": keras.optimizers.Lion,
}


def make_optimizer(settings: Mapping[str, Any], steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Return the optimizer of a run, with its schedule, weight decay and gradient clipping.

    SGD has Nesterov momentum 0.9; ``clip_norm`` limits the length of all gradients taken together.

    Args:
        settings: the project's training settings, defaults filled in.
        steps_per_epoch: batches an epoch.
    """
    name = settings["optimizer"]
    arguments: dict[str, Any] = {"learning_rate": learning_rate(settings, steps_per_epoch)}
    if settings["weight_decay"] or name == "adamw":
        # AdamW's own default is 0.004; the form's 0 has to mean none.
        arguments["weight_decay"] = settings["weight_decay"]
    if settings["clip_norm"]:
        arguments["global_clipnorm"] = settings["clip_norm"]
    if name == "sgd":
        arguments |= {"momentum": MOMENTUM, "nesterov": True}
    return OPTIMIZERS[name](**arguments)
