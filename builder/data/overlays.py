"""Answers drawn over pictures: the classes of pixels as colors, and boxes."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from builder.data.spec import IGNORED

# Hues that are told apart, also next to each other; the first stands for the second class, since the first
# class is the background and stays as it is.
COLORS = (
    *((57, 135, 229), (217, 89, 38), (25, 158, 112), (201, 133, 0), (144, 133, 233), (227, 73, 72)),
    *((213, 81, 129), (0, 131, 0), (120, 200, 255), (255, 190, 90), (110, 80, 40), (130, 130, 130)),
)
_LEFT_OUT = (255, 255, 255)
_SHARE = 0.55


def color_of(number: int) -> tuple[int, int, int]:
    """Return the color of a class from its number, 1 and on."""
    return COLORS[(number - 1) % len(COLORS)]


def color_name(number: int) -> str:
    """Return the color of a class as CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*color_of(number))


def with_classes(picture: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return a picture with the classes of its pixels over it; the first class stays clear.

    Args:
        picture: uint8, (height, width, 1 or 3).
        classes: class numbers, (rows, columns) of any size; ``IGNORED`` is shown white.
    """
    ground = np.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture
    height, width = ground.shape[:2]
    wanted = Image.fromarray(classes.astype(np.int32)).resize((width, height), Image.Resampling.NEAREST)
    numbers = np.asarray(wanted)
    table = np.array([color_of(number) for number in range(1, max(int(numbers.max(initial=0)), 1) + 1)])
    colors = np.where((numbers > 0)[..., None], table[np.maximum(numbers, 1) - 1], ground)
    colors = np.where((numbers == IGNORED)[..., None], _LEFT_OUT, colors)
    mixed = ground + _SHARE * (colors.astype(np.float32) - ground)
    return np.round(np.where((numbers == 0)[..., None], ground, mixed)).astype(np.uint8)


def with_boxes(picture: np.ndarray, boxes: Sequence[Mapping[str, Any]], side: int = 480) -> np.ndarray:
    """Return a picture, enlarged to ``side`` pixels where it is smaller, with boxes drawn on it.

    Args:
        picture: uint8, (height, width, 1 or 3).
        boxes: ``number`` (of the class, from 0), ``left``, ``top``, ``right``, ``bottom`` as shares of the
            picture's size, and perhaps ``text``: figures alone, since the font has letters of English only.
        side: the longer side of the result, at least.
    """
    ground = np.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture
    grow = max(1.0, side / max(ground.shape[:2]))
    width, height = round(ground.shape[1] * grow), round(ground.shape[0] * grow)
    image = Image.fromarray(ground).resize((width, height), Image.Resampling.BILINEAR)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    for box in boxes:
        color = color_of(box["number"] + 1)
        left, right = box["left"] * width, box["right"] * width
        top, bottom = box["top"] * height, box["bottom"] * height
        if right - left < 1 or bottom - top < 1:
            continue
        draw.rectangle((left, top, right, bottom), outline=color, width=2)
        if box.get("text"):
            inside = draw.textbbox((left + 3, max(top - 16, 0)), box["text"], font=font)
            draw.rectangle((inside[0] - 3, inside[1] - 2, inside[2] + 3, inside[3] + 2), fill=color)
            draw.text((left + 3, max(top - 16, 0)), box["text"], fill="white", font=font)
    return np.asarray(image)


def side_by_side(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return two pictures of one size as one, uint8 (height, width, 3), with a white line between them."""
    line = np.full((one.shape[0], max(one.shape[1] // 60, 2), 3), 255, np.uint8)
    return np.concatenate([one, line, other], axis=1)


def png_text(values: np.ndarray) -> str:
    """Return an array of bytes, (height, width) or (height, width, 3), as a PNG file in base64."""
    stream = io.BytesIO()
    Image.fromarray(values.astype(np.uint8)).save(stream, "PNG", optimize=True)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def from_png_text(text: str) -> np.ndarray:
    """Return the array of bytes that ``png_text`` wrote."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text)), formats=("PNG",)))
