"""Pictures of a preview as PNG files, in the colors that the browser draws, on a ground that is clear."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from builder.explain.preview.quantized import restored

_COLORMAPS = Path(__file__).with_name("colormaps.json")
GAP = 2
# Small maps are enlarged to at least this many pixels.
LEAST_SIDE = 96
COLUMNS = 8
BAR_WIDTH, BAR_HEIGHT = 12, 120
INK = (20, 133, 123, 255)


def pictures(block: Mapping[str, Any]) -> Iterator[tuple[str, Image.Image]]:
    """Yield a name and a picture of everything in a block's preview that can be drawn.

    Args:
        block: one of an answer's "blocks", or its "detail".
    """
    for output in block["outputs"]:
        picture = output["picture"]
        if "ranges" in picture:
            yield output["port"], _maps(picture)
        elif picture["kind"] == "pixels":
            yield output["port"], _pixels(picture)
        if output["histogram"] is not None:
            yield f"{output['port']}_histogram", _histogram(output["histogram"]["counts"])
    for attention in block["attention"]:
        yield f"attention_{attention['layer']}", _maps(attention)


def colored(values: np.ndarray) -> np.ndarray:
    """Return the colors of values, uint8 (..., 3): zero in the middle where both signs occur."""
    maps = _colormaps()
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    is_signed = low < 0 < high
    if is_signed:
        low, high = -max(-low, high), max(-low, high)
    with np.errstate(invalid="ignore"):
        share = np.nan_to_num((values - low) / ((high - low) or 1.0))
    table = maps["diverging" if is_signed else "sequential"]
    place = np.clip(share, 0, 1) * (len(table) - 1)
    colors = np.stack([np.interp(place, np.arange(len(table)), table[:, axis]) for axis in range(3)], -1)
    colors[~np.isfinite(values)] = maps["not_finite"][0]
    return np.rint(colors).astype(np.uint8)


def _maps(picture: Mapping[str, Any]) -> Image.Image:
    values = restored(dict(picture))
    count, height, width = values.shape
    scale = max(1, -(-LEAST_SIDE // max(height, width)))
    is_filled = np.arange(height * width) < picture.get("filled", height * width)
    alpha = np.broadcast_to(np.uint8(255 * is_filled).reshape(height, width, 1), (count, height, width, 1))
    tiles = np.concatenate([colored(values), alpha], axis=-1).repeat(scale, axis=1).repeat(scale, axis=2)
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    size = (rows * (height * scale + GAP) - GAP, columns * (width * scale + GAP) - GAP, 4)
    sheet = np.zeros(size, np.uint8)
    for number, tile in enumerate(tiles):
        top = number // columns * (height * scale + GAP)
        left = number % columns * (width * scale + GAP)
        sheet[top : top + height * scale, left : left + width * scale] = tile
    return Image.fromarray(sheet)


def _pixels(picture: Mapping[str, Any]) -> Image.Image:
    shape = (picture["height"], picture["width"], picture["channels"])
    data = np.frombuffer(base64.b64decode(picture["data"]), np.uint8).reshape(shape)
    scale = max(1, -(-LEAST_SIDE // max(shape[:2])))
    large = data.repeat(scale, axis=0).repeat(scale, axis=1)
    return Image.fromarray(large if shape[2] == 3 else large[..., 0])


def _histogram(counts: list[int]) -> Image.Image:
    sheet = np.zeros((BAR_HEIGHT, BAR_WIDTH * len(counts), 4), np.uint8)
    # The root lets a rare value be seen beside a bin that holds nearly all.
    heights = np.sqrt(np.asarray(counts) / max(1, *counts)) * BAR_HEIGHT
    for number, height in enumerate(np.rint(heights).astype(int)):
        sheet[BAR_HEIGHT - height :, number * BAR_WIDTH : (number + 1) * BAR_WIDTH - 1] = INK
    return Image.fromarray(sheet)


@cache
def _colormaps() -> dict[str, np.ndarray]:
    stops = json.loads(_COLORMAPS.read_text(encoding="utf-8"))
    listed = {name: value if isinstance(value, list) else [value] for name, value in stops.items()}
    return {
        name: np.array([[int(stop[place : place + 2], 16) for place in (1, 3, 5)] for stop in value], float)
        for name, value in listed.items()
    }
