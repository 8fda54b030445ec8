"""Series as they are, with the mean and variance of every channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from builder.data.counting import Moments
from builder.data.series import SeriesSource
from builder.data.spec import SERIES_INPUT, ArraySpec, ModelInput


def series_input(
    source: SeriesSource, settings: Mapping[str, Any], train: np.ndarray
) -> tuple[ModelInput, Callable[[int], np.ndarray]]:
    """Return the model's input for series, and the function that makes one series' array.

    Args:
        source: the series.
        settings: the preprocessing settings.
        train: the positions of the training rows, which alone give means and variances.
    """
    moments = [Moments() for _ in range(source.shape[1])]
    for row in train:
        values = source.read(int(row))
        for channel, counted in enumerate(moments):
            counted.add(values[:, channel])
    described = {
        "means": [counted.mean for counted in moments],
        "variances": [counted.variance or 1.0 for counted in moments],
        "normalize": settings["normalize"],
    }
    array = ArraySpec("series", source.shape, "float32")
    item = ModelInput(SERIES_INPUT, "series", (array,), described)
    means = np.array(described["means"], dtype=np.float32)

    def encode(row: int) -> np.ndarray:
        values = source.read(row)
        return np.where(np.isfinite(values), values, means)

    return item, encode
