"""What a generator is asked for. Needs no model, and no Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from builder.adversarial.noise import draw, path_between
from builder.errors import stop
from builder.generating_settings import GENERATING_PARAMETERS
from builder.params import check_all, with_defaults


def asked_noise(shape: tuple[int, ...], settings: Mapping[str, Any]) -> np.ndarray:
    """Return the noise of the samples that are asked for, float32 (count, *shape).

    Args:
        shape: that of one draw of noise.
        settings: values for ``GENERATING_PARAMETERS``.

    Raises:
        BuilderError: for settings out of range.
    """
    problems = check_all(GENERATING_PARAMETERS, settings, "Generating")
    if problems:
        raise stop(problems[0].code, problems[0].message, field=problems[0].field)
    values = with_defaults(GENERATING_PARAMETERS, settings)
    if not values["between"]:
        return draw(shape, values["count"], values["seed"])
    start, end = (draw(shape, 1, values[name])[0] for name in ("seed", "other_seed"))
    return path_between(start, end, max(values["count"], 2))
