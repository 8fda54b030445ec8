"""The memory that training needs for a model's numbers, estimated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import keras
import numpy as np

from builder.compiler.figures.layers import LayerFigures
from builder.params import with_defaults
from builder.training_parameters import TRAINING_PARAMETERS
from builder.training_plan.optimizer import optimizer

BYTES_A_WEIGHT = 4
_PROBE = (7,)


def training_memory(
    layers: Iterable[LayerFigures], parameters: int, trainable: int, settings: Mapping[str, Any]
) -> dict[str, int]:
    """Return the bytes of weights, gradients, optimizer state and activations, and their sum.

    Activations are those of one batch that the gradient needs: what each layer gives and what it keeps
    inside. TensorFlow itself and passing workspace come on top.

    Args:
        layers: the model's layers.
        parameters: all weights.
        trainable: the weights that are trained.
        settings: the project's training settings, defaults filled in.
    """
    extras = {name: settings[name] for name in ("use_ema", "accumulation_steps", "centered", "amsgrad")}
    slots = optimizer_slots(settings["optimizer"], tuple(extras.items()))
    parts = {
        "weights": BYTES_A_WEIGHT * parameters,
        "gradients": BYTES_A_WEIGHT * trainable,
        "optimizer": BYTES_A_WEIGHT * trainable * slots,
        "activations": settings["batch_size"]
        * sum(layer.activation_bytes + layer.inner_bytes for layer in layers),
    }
    return {**parts, "total": sum(parts.values())}


@lru_cache(maxsize=64)
def optimizer_slots(name: str, extras: tuple[tuple[str, Any], ...] = ()) -> int:
    """Return how many numbers an optimizer keeps for each trained weight, as Keras makes them.

    Args:
        name: the optimizer's name.
        extras: other training settings that add to them, as names and values.
    """
    settings = with_defaults(TRAINING_PARAMETERS, {"optimizer": name, **dict(extras)})
    made = optimizer(settings, 0.001).run()
    made.build([keras.Variable(np.zeros(_PROBE, np.float32))])
    return sum(tuple(variable.shape) == _PROBE for variable in made.variables)
