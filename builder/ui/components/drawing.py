"""A small drawing board: a dark square to draw on with mouse, pen or finger; gives a PNG picture."""

from __future__ import annotations

import base64
import binascii
import io
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

FOLDER = Path(__file__).parent
SIDE = 280
MAXIMUM_DATA_URL = 500_000

_mount = st.components.v2.component(
    "kerablocks_drawing",
    html='<canvas width="280" height="280" tabindex="0" aria-label="Drawing board"></canvas>'
    '<div><button type="button">Clear</button></div>',
    css=(FOLDER / "drawing.css").read_text(encoding="utf-8"),
    js=(FOLDER / "drawing.js").read_text(encoding="utf-8"),
)


def drawing_board(key: str) -> np.ndarray | None:
    """Show the board and return what is drawn: uint8 of shape (280, 280, 1), white on black.

    None before the first stroke and after "Clear".
    """
    result = _mount(key=key, default={"picture": ""}, on_picture_change=lambda: None, height=SIDE + 60)
    return decode_picture(result.picture)


def decode_picture(data_url: Any) -> np.ndarray | None:
    """Return the gray pixels of a PNG data URL, or None where it is empty or not a small PNG."""
    if not isinstance(data_url, str) or not 0 < len(data_url) <= MAXIMUM_DATA_URL:
        return None
    try:
        raw = base64.b64decode(data_url.partition(",")[2], validate=True)
        with Image.open(io.BytesIO(raw), formats=["PNG"]) as picture:
            if picture.size != (SIDE, SIDE):
                return None
            return np.asarray(picture.convert("L"))[..., np.newaxis]
    except (binascii.Error, OSError, ValueError):
        return None
