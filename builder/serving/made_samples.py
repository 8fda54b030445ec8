"""What a generator makes, as answers: pictures as PNG files, series by the names of their columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from builder.data.pixels import as_pixels
from builder.data.spec import DataSpec
from builder.explain.pictures import png_text


def generates(spec: DataSpec) -> bool:
    """Tell whether a model for some data makes samples of noise."""
    return spec.task == "generation"


def makes_pictures(spec: DataSpec) -> bool:
    """Tell whether a generator makes pictures; else it makes series."""
    return spec.inputs[0].kind == "image"


def column_names(spec: DataSpec) -> list[str]:
    """Return the names of the columns of a generator's series."""
    (item,) = spec.inputs
    channels = range(1, item.arrays[0].shape[-1] + 1)
    # The channels of series in a file of arrays have no names.
    return list(item.settings.get("columns", (f"channel {number}" for number in channels)))


def described(made: np.ndarray, spec: DataSpec) -> list[dict[str, Any]]:
    """Return made samples, JSON-ready.

    Args:
        made: what the generator gave, (samples, height, width, channels) or (samples, steps, channels), in
            the unit of the data.
        spec: the description of the data that it was trained on.

    Returns:
        ``{"image": a PNG file in base64}`` or ``{"series": {column: one number a step}}`` a sample.
    """
    if makes_pictures(spec):
        return [{"image": png_text(picture)} for picture in as_pixels(made)]
    names = column_names(spec)
    return [{"series": dict(zip(names, sample.T.astype(float).tolist(), strict=True))} for sample in made]
