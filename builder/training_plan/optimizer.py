"""Which Keras optimizer trains, and with which arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from builder.blocks.base import Call
from builder.params import AUTO
from builder.training_parameters import counting
from builder.training_plan.learning_rate_factors import with_learning_rate_factors

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "adamax": keras.optimizers.Adamax,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
    "lion": keras.optimizers.Lion,
    "lamb": keras.optimizers.Lamb,
    "muon": keras.optimizers.Muon,
    "adafactor": keras.optimizers.Adafactor,
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
    "ftrl": keras.optimizers.Ftrl,
    "schedule_free_adamw": keras.optimizers.ScheduleFreeAdamW,
}
# What "auto" stands for where Keras's own default is not what people expect.
SGD_MOMENTUM = 0.9
HYPERPARAMETERS = (
    "momentum",
    "nesterov",
    "beta_1",
    "beta_2",
    "rho",
    "epsilon",
    "amsgrad",
    "centered",
    "l1_regularization_strength",
    "l2_regularization_strength",
)
CLIPPINGS = {"global_norm": "global_clipnorm", "norm": "clipnorm", "value": "clipvalue"}
# Muon trains what is not a matrix by Adam, whose arguments it names so.
_MUON_NAMES = {"beta_1": "adam_beta_1", "beta_2": "adam_beta_2"}


def optimizer(
    settings: Mapping[str, Any], learning_rate: Any, factors: Any = None, model: Any = None
) -> Call:
    """Return the call that makes the optimizer, with everything that the settings say of it.

    A weight decay of 0 means none, whatever the optimizer's own default is.

    Args:
        settings: the project's training settings, defaults filled in.
        learning_rate: a number, a call that makes a schedule, or what stands for it in a script.
        factors: for some layers' names a factor of their learning rate, or what stands for it in a
            script; nothing where all learn alike.
        model: the model whose layers these are, or what stands for it in a script; only with factors.
    """
    made = OPTIMIZERS[settings["optimizer"]]
    arguments = {"learning_rate": learning_rate, **_hyperparameters(settings), **_common(settings)}
    plain = Call(made, f"keras.optimizers.{made.__name__}", arguments)
    if not factors:
        return plain
    scaled = with_learning_rate_factors
    return Call(scaled, scaled.__name__, {"optimizer": plain, "model": model, "factors": factors})


def _hyperparameters(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the optimizer's own arguments that differ from what Keras takes by itself."""
    name, chosen = settings["optimizer"], counting(settings)
    values = {item: chosen[item] for item in HYPERPARAMETERS if item in chosen}
    if name == "sgd" and values["momentum"] == AUTO:
        values["momentum"] = SGD_MOMENTUM
    if name == "muon":
        values = {_MUON_NAMES.get(item, item): value for item, value in values.items()}
    defaults = OPTIMIZERS[name]().get_config()
    return {item: value for item, value in values.items() if value not in (AUTO, defaults[item])}


def _common(settings: Mapping[str, Any]) -> dict[str, Any]:
    name = settings["optimizer"]
    arguments: dict[str, Any] = {}
    if settings["weight_decay"] or name in ("adamw", "muon"):
        arguments["weight_decay"] = settings["weight_decay"]
    if name == "muon":
        arguments["adam_weight_decay"] = settings["weight_decay"]
    if settings["clip_norm"]:
        arguments[CLIPPINGS[settings["clip_by"]]] = settings["clip_norm"]
    if settings["accumulation_steps"] > 1:
        arguments["gradient_accumulation_steps"] = settings["accumulation_steps"]
    if settings["use_ema"]:
        arguments |= {"use_ema": True, "ema_momentum": settings["ema_momentum"]}
    return arguments
