"""New samples from a trained generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from builder.adversarial.latent import draw, path_between
from builder.adversarial.model import make_samples
from builder.data.spec import DataSpec
from builder.errors import stop
from builder.generating_settings import GENERATING_PARAMETERS
from builder.params import check_all, with_defaults


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
    problems = check_all(GENERATING_PARAMETERS, settings or {}, "Generating")
    if problems:
        raise stop(problems[0].code, problems[0].message, field=problems[0].field)
    if spec.task != "generation":
        message = "This model makes no samples. Train one for the task 'new samples like these' first."
        raise stop("not_a_generator", message)
    values = with_defaults(GENERATING_PARAMETERS, settings or {})
    made = make_samples(model, _latent(tuple(model.inputs[0].shape[1:]), values))
    kind = spec.inputs[0].kind
    if kind == "image":
        made = np.clip(np.rint(np.nan_to_num(made)), 0, 255).astype(np.uint8)
    return {"kind": kind, "samples": made}


def _latent(shape: tuple[int, ...], values: Mapping[str, Any]) -> np.ndarray:
    if not values["between"]:
        return draw(shape, values["count"], values["seed"])
    start, end = (draw(shape, 1, values[name])[0] for name in ("seed", "other_seed"))
    return path_between(start, end, max(values["count"], 2))
