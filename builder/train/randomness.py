"""Seeds and determinism, set before a model is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf


def seed_everything(settings: Mapping[str, Any]) -> None:
    """Seed Python, NumPy and Keras, and turn on deterministic operations where the settings ask for it."""
    keras.utils.set_random_seed(settings["seed"])
    if settings["deterministic"]:
        tf.config.experimental.enable_op_determinism()
