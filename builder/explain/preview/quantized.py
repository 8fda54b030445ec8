"""Values as small pictures that a browser can draw: pooled, and quantized to one byte each."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

LEVELS = 254
# The byte of a value that is not a finite number.
NOT_FINITE = 255


def quantized(maps: np.ndarray, most_maps: int, most_side: int) -> dict[str, Any]:
    """Return maps as bytes, each map on a scale of its own.

    Args:
        maps: (count, height, width).
        most_maps: the first ones are kept.
        most_side: larger maps are averaged down to this height and width.

    Returns:
        ``count`` (of all maps), ``height``, ``width``, ``ranges`` ([lowest, highest] of each kept map) and
        ``data``: base64 of uint8 (kept, height, width), 0 for the lowest and 254 for the highest value of
        the map, 255 for what is not finite.
    """
    kept = np.asarray(maps[:most_maps], dtype=np.float64)
    kept = pooled(pooled(kept, 1, most_side), 2, most_side)
    codes, ranges = np.full(kept.shape, NOT_FINITE, np.uint8), []
    for code, values in zip(codes, kept, strict=True):
        finite = np.isfinite(values)
        low, high = (float(values[finite].min()), float(values[finite].max())) if finite.any() else (0.0, 0.0)
        width = high - low or 1.0
        code[finite] = np.rint((values[finite] - low) / width * LEVELS)
        ranges.append([low, high])
    return {
        "count": len(maps),
        "height": kept.shape[1],
        "width": kept.shape[2],
        "ranges": ranges,
        "data": base64.b64encode(codes.tobytes()).decode(),
    }


def restored(picture: dict[str, Any]) -> np.ndarray:
    """Return the maps that ``quantized`` gave, float64 (kept, height, width), within half a level each."""
    shape = (len(picture["ranges"]), picture["height"], picture["width"])
    codes = np.frombuffer(base64.b64decode(picture["data"]), np.uint8).reshape(shape)
    low, high = np.asarray(picture["ranges"], dtype=np.float64).reshape(-1, 2).T[:, :, None, None]
    return np.where(codes == NOT_FINITE, np.nan, low + codes / LEVELS * (high - low))


def pooled(values: np.ndarray, axis: int, most: int) -> np.ndarray:
    """Return an array whose axis is at most ``most`` long, each value the mean of neighbors."""
    length = values.shape[axis]
    if length <= most:
        return values
    starts = np.arange(most) * length // most
    widths = np.diff(starts, append=length)
    shape = [-1 if number == axis else 1 for number in range(values.ndim)]
    with np.errstate(invalid="ignore", over="ignore"):
        return np.add.reduceat(values, starts, axis=axis) / widths.reshape(shape)
