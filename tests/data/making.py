"""Small pictures and the sources of recipes."""

import io
from pathlib import Path

from PIL import Image


def picture(
    color: tuple[int, ...] | int = (200, 30, 30), mode: str = "RGB", form: str = "PNG", side: int = 12
) -> bytes:
    """Return the bytes of a picture of one color."""
    stream = io.BytesIO()
    Image.new(mode, (side, side), color).save(stream, form)
    return stream.getvalue()


def two_classes(count: int = 8) -> dict[str, bytes]:
    """Return pictures in two class folders."""
    return {
        f"{name}/{number}.png": picture((number * 20, value, 0))
        for name, value in (("cats", 0), ("dogs", 250))
        for number in range(count)
    }


def sample_source(name: str) -> dict[str, str]:
    """Return the source of a bundled sample."""
    return {"kind": "sample", "name": name}


def csv_source(path: Path) -> dict[str, str]:
    """Return the source of a CSV file."""
    return {"kind": "csv", "path": str(path)}


def image_source(path: Path) -> dict[str, str]:
    """Return the source of an image folder or zip."""
    return {"kind": "images", "path": str(path)}
