"""Which Keras optimizer trains, and with which arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from builder.blocks.base import Call

MOMENTUM = 0.9
OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
    "lion": keras.optimizers.Lion,
}


def optimizer(settings: Mapping[str, Any], learning_rate: Any) -> Call:
    """Return the call that makes the optimizer, with weight decay and gradient clipping.

    SGD has Nesterov momentum 0.9; ``clip_norm`` limits the length of all gradients taken together.

    Args:
        settings: the project's training settings, defaults filled in.
        learning_rate: a number, a call that makes a schedule, or what stands for it in a script.
    """
    name = settings["optimizer"]
    arguments: dict[str, Any] = {"learning_rate": learning_rate}
    if settings["weight_decay"] or name == "adamw":
        # AdamW's own default is 0.004; the form's 0 has to mean none.
        arguments["weight_decay"] = settings["weight_decay"]
    if settings["clip_norm"]:
        arguments["global_clipnorm"] = settings["clip_norm"]
    if name == "sgd":
        arguments |= {"momentum": MOMENTUM, "nesterov": True}
    made = OPTIMIZERS[name]
    return Call(made, f"keras.optimizers.{made.__name__}", arguments)
