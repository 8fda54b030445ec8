"""What Keras's ``fit`` is told to do between epochs; the training itself has its own, exact means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from builder.blocks.base import Call
from builder.training_parameters import HIGHER_IS_BETTER
from builder.training_plan.metrics import keras_call


def callbacks(settings: Mapping[str, Any], never: Any = 10**9) -> list[Call]:
    """Return the calls that make the callbacks of a script.

    Args:
        settings: the project's training settings, defaults filled in.
        never: the patience of a run that does not stop early, or what stands for it in a script.
    """
    found = []
    watched = {} if settings["monitor"] == "loss" else _watched(settings["monitor"])
    if settings["use_ema"]:
        found.append(keras_call("callbacks", keras.callbacks.SwapEMAWeights, swap_on_epoch=True))
    if settings["schedule"] == "plateau":
        found.append(
            keras_call(
                "callbacks",
                keras.callbacks.ReduceLROnPlateau,
                **watched,
                factor=settings["plateau_factor"],
                patience=settings["plateau_patience"],
                min_delta=0.0,
                min_lr=settings["minimum_learning_rate"],
            )
        )
    patience = settings["patience"] if settings["early_stopping"] else never
    stopping = keras_call(
        "callbacks", keras.callbacks.EarlyStopping, **watched, patience=patience, restore_best_weights=True
    )
    found.append(stopping)
    return found


def _watched(monitored: str) -> dict[str, str]:
    return {"monitor": f"val_{monitored}", "mode": direction(monitored)}


def direction(monitored: str) -> str:
    """Return "max" where a watched value is the better the higher it is, else "min"."""
    return "max" if monitored in HIGHER_IS_BETTER else "min"
