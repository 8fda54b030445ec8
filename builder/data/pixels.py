"""Pictures as arrays. Generated scripts carry these functions, so that they see what the studio sees."""

# Scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import numpy as np
from PIL import Image


def flattened(image):
    """Return a picture of 8 bits a channel on a white ground; 16-bit gray is scaled to 8 bits.

    So are decimal numbers, of which 1 is white where none is larger, and what is no number is black.
    """
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        values = np.where(np.isfinite(values), values, 0.0)
        top = 65535.0 if values.max(initial=0) > 255 else 255.0
        top = 1.0 if image.mode == "F" and values.max(initial=0) <= 1 else top
        return Image.fromarray(np.uint8(np.round(values.clip(0, top) * (255.0 / top))))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(white, clear).convert("RGB")
    return image


def to_array(image, height, width, channels):
    """Return a picture of any mode and size as uint8, shape (height, width, channels).

    Transparent pixels become white; resizing is bilinear with smoothing when it shrinks. ``channels`` is
    1 (gray) or 3 (red, green, blue).
    """
    flat = flattened(image).convert("L" if channels == 1 else "RGB")
    if flat.size != (width, height):
        flat = flat.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(flat, dtype=np.uint8).reshape(height, width, channels)
