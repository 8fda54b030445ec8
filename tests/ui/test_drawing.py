"""The drawing board's picture arrives as pixels; anything else is no picture."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from builder.ui.components.drawing import decode_picture


def data_url(image: Image.Image, form: str = "PNG") -> str:
    stream = io.BytesIO()
    image.save(stream, form)
    return f"data:image/{form.lower()};base64,{base64.b64encode(stream.getvalue()).decode()}"


def test_a_drawing_arrives_as_grey_pixels() -> None:
    drawn = Image.new("RGB", (280, 280))
    drawn.paste((255, 255, 255), (100, 100, 120, 180))
    pixels = decode_picture(data_url(drawn))
    assert pixels is not None
    assert pixels.shape == (280, 280, 1) and pixels.dtype == np.uint8
    assert pixels[150, 110, 0] == 255 and pixels[0, 0, 0] == 0


@pytest.mark.parametrize(
    "value",
    [
        "",
        None,
        7,
        "data:image/png;base64,%%%",
        "data:image/png;base64,aGVsbG8=",
        data_url(Image.new("RGB", (3000, 10))),
        data_url(Image.new("RGB", (280, 280)), "JPEG"),
        "data:image/png;base64," + "A" * 600_000,
    ],
)
def test_anything_else_is_no_picture(value: object) -> None:
    assert decode_picture(value) is None
