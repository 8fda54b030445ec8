"""Made samples as files: pictures as PNG, series as CSV."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from builder.runs.files import write_bytes


def write_samples(kind: str, samples: np.ndarray, folder: Path) -> int:
    """Write one file a sample, named by its number, and return how many.

    Args:
        kind: "image" or "series".
        samples: uint8 (count, height, width, channels), or float32 (count, steps, channels).
        folder: made where it does not exist.

    Raises:
        BuilderError: where the disk refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number, sample in enumerate(samples, start=1):
        if kind == "image":
            stream = io.BytesIO()
            Image.fromarray(sample.squeeze()).save(stream, "PNG")
            write_bytes(folder / f"sample_{number:04d}.png", stream.getvalue())
        else:
            lines = [",".join(f"{value:.6g}" for value in step) for step in sample]
            write_bytes(folder / f"sample_{number:04d}.csv", ("\n".join(lines) + "\n").encode())
    return len(samples)


def picture_grid(samples: np.ndarray, gap: int = 2) -> np.ndarray:
    """Return pictures in a grid of as many columns as rows, or one more, uint8 (height, width, channels).

    Args:
        samples: uint8 (count, height, width, channels).
        gap: white pixels between two of them.
    """
    count, height, width, channels = samples.shape
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, np.uint8)
    for number, sample in enumerate(samples):
        top, left = (number // columns) * (height + gap), (number % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = sample
    return sheet
