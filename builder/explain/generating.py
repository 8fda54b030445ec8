"""New samples from a trained generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from builder.adversarial.model import make_samples
from builder.data.pixels import as_pixels
from builder.data.spec import DataSpec
from builder.errors import stop
from builder.explain.made_up import asked_noise


def generate(model: keras.Model, spec: DataSpec, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return samples that a generator makes.

    Args:
        model: the trained generator, from noise to samples in the unit of the data.
        spec: the description of the data that it was trained on.
        settings: values for ``GENERATING_PARAMETERS``.

    Returns:
        ``{"kind": "image" | "series", "samples": array}``: uint8 (count, height, width, channels), or float32
        (count, steps, channels).

    Raises:
        BuilderError: for settings out of range, or a model that is no generator.
    """
    if spec.task != "generation":
        message = "This model makes no samples. Train one for the task 'new samples like these' first."
        raise stop("not_a_generator", message)
    made = make_samples(model, asked_noise(tuple(model.inputs[0].shape[1:]), settings or {}))
    kind = spec.inputs[0].kind
    return {"kind": kind, "samples": as_pixels(made) if kind == "image" else made}
