"""Pictures as arrays. Generated scripts carry these functions, so that they see what the studio sees."""

# Scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import numpy as np
from PIL import Image


def as_pixels(values):
    """Return pictures of numbers, 0 is black and 255 white, as uint8; what is no number is black."""
    return np.clip(np.rint(np.nan_to_num(values)), 0, 255).astype(np.uint8)


def is_deep(image):
    """Tell whether a picture is gray with more than 8 bits a pixel: larger whole numbers, or decimals."""
    return image.mode.startswith("I") or image.mode == "F"


def gray_range(pictures):
    """Return which numbers are black and white in deep pictures, or arrays, that belong together.

    Devices store 10, 12 or 14 bits in 16: white is the largest number of as many bits as are in use. Decimals
    mostly go from 0 to 1, and a little beyond where they were resized. Where numbers are negative, the
    smallest and the largest are black and white.
    """
    low, high = 0.0, 0.0
    for picture in pictures:
        values = np.asarray(picture, dtype=np.float64)
        known = np.isfinite(values)
        low = min(low, float(values.min(where=known, initial=0)))
        high = max(high, float(values.max(where=known, initial=0)))
    if low < 0:
        return low, high
    if high < 2:
        return 0.0, max(high, 1.0)
    return 0.0, next((2.0**bits - 1 for bits in (8, 10, 12, 14, 16) if high < 2**bits), high)


def flattened(image, grays=None):
    """Return a picture of 8 bits a channel on a white ground.

    ``grays`` are the numbers that are black and white in a deep picture; without them its own
    ``gray_range`` counts. What is no number is black.
    """
    if is_deep(image):
        black, white = grays or gray_range([image])
        values = np.asarray(image, dtype=np.float64)
        values = np.where(np.isfinite(values), values, black).clip(black, white)
        return Image.fromarray(np.uint8(np.round((values - black) * (255.0 / (white - black)))))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(white, clear).convert("RGB")
    return image


def to_array(image, height, width, channels, grays=None):
    """Return a picture of any mode and size as uint8, shape (height, width, channels).

    Transparent pixels become white; resizing is bilinear with smoothing when it shrinks. ``channels`` is
    1 (gray) or 3 (red, green, blue); ``grays`` is as for ``flattened``.
    """
    flat = flattened(image, grays).convert("L" if channels == 1 else "RGB")
    if flat.size != (width, height):
        flat = flat.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(flat, dtype=np.uint8).reshape(height, width, channels)
