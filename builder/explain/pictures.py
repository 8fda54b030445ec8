"""Pictures as text that a page, a report and a file can hold: PNG in base64."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image


def png_text(pixels: np.ndarray) -> str:
    """Return a picture, uint8 (height, width[, channels]), as a PNG file in base64."""
    return base64.b64encode(png_bytes(pixels)).decode()


def png_bytes(pixels: np.ndarray) -> bytes:
    """Return a picture, uint8 (height, width[, channels]), as a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(pixels.squeeze() if pixels.shape[-1] == 1 else pixels).save(stream, "PNG")
    return stream.getvalue()


def enlarged(pixels: np.ndarray, least: int) -> np.ndarray:
    """Return a picture with every pixel repeated until its longer side has at least so many."""
    times = max(1, -(-least // max(pixels.shape[:2])))
    return pixels.repeat(times, axis=0).repeat(times, axis=1)
