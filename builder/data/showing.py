"""Samples as a page shows them: pictures and sounds as data addresses, series as few points."""

from __future__ import annotations

import base64
import io

import numpy as np
import soundfile
from PIL import Image

from builder.data.audio import Recording
from builder.data.pixels import to_array

_SIDE = 96
_SECONDS = 5
_POINTS = 120
_CHANNELS = 8


def small(image: Image.Image, side: int) -> np.ndarray:
    """Return a picture, no side longer than ``side`` pixels, as uint8 (height, width, 3)."""
    shrink = min(1.0, side / max(image.size))
    return to_array(image, max(1, round(image.height * shrink)), max(1, round(image.width * shrink)), 3)


def picture_address(image: Image.Image, side: int = _SIDE) -> str:
    """Return a picture, no side longer than ``side`` pixels, as a PNG file in a data address."""
    stream = io.BytesIO()
    Image.fromarray(small(image, side)).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def sound_address(recording: Recording) -> str:
    """Return a recording's first seconds as a WAV file in a data address."""
    samples = recording.samples[: _SECONDS * recording.rate]
    stream = io.BytesIO()
    soundfile.write(stream, samples, recording.rate, format="WAV", subtype="PCM_16")
    return "data:audio/wav;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def outline(values: np.ndarray) -> list[list[float]]:
    """Return each channel of a series as few points: its largest value by size in every stretch."""
    lines = []
    for channel in np.nan_to_num(values.T, posinf=0.0, neginf=0.0)[:_CHANNELS]:
        pieces = np.array_split(channel, min(len(channel), _POINTS))
        lines.append([round(float(piece[np.argmax(np.abs(piece))]), 4) for piece in pieces])
    return lines
