"""The size that pictures are prepared in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from PIL import Image

from builder.data.images import BrokenImage, Grays, is_color
from builder.data.pixels import to_array
from builder.data.some_rows import spread
from builder.data.spec import IMAGE_INPUT, ArraySpec, ModelInput
from builder.params import AUTO

# Makes the array of a file by its position in the source.
EncodeFile = Callable[[int], np.ndarray]
# A proposed size keeps a picture recognizable and a CPU's epoch short.
PROPOSED_SIDE = 128
_LOOKED_AT = 40


@dataclass(frozen=True)
class ImageSize:
    """The size and channels of every prepared picture."""

    height: int
    width: int
    channels: int


class Pictures(Protocol):
    """Pictures with a name each, decoded one by one."""

    @property
    def names(self) -> Sequence[str]:
        """The pictures' names."""

    @property
    def read(self) -> Callable[[int], Image.Image]:
        """Decodes the picture at a position; raises ``BrokenImage``."""

    @property
    def grays(self) -> Grays | None:
        """The numbers that are black and white, where there are pictures of more than 8 bits."""


def image_input(source: Pictures, settings: Mapping[str, Any]) -> tuple[ModelInput, EncodeFile]:
    """Return the model's input for pictures, and the function that makes one picture's array."""
    size = image_size(source, settings)
    described: dict[str, Any] = {"height": size.height, "width": size.width, "channels": size.channels}
    if source.grays is not None:
        described["gray_range"] = list(source.grays)
    array = ArraySpec("image", (size.height, size.width, size.channels), "float32")
    item = ModelInput(IMAGE_INPUT, "image", (array,), {"rescale": settings["rescale"], **described})
    return item, lambda row: to_array(source.read(row), size.height, size.width, size.channels)


def image_size(source: Pictures, settings: Mapping[str, Any]) -> ImageSize:
    """Return the size of the prepared pictures; ``"auto"`` values come from the pictures themselves.

    The automatic size is the median one, shrunk so that its longer side has 128 pixels at most.
    """
    needed = ("image_height", "image_width", "color_mode")
    looks = look_at(source) if any(settings[name] == AUTO for name in needed) else []
    height, width = _proposed_size(looks)
    color = settings["color_mode"]
    if color == AUTO:
        color = "rgb" if any(is_color(image) for image in looks) else "grayscale"
    return ImageSize(
        height=height if settings["image_height"] == AUTO else settings["image_height"],
        width=width if settings["image_width"] == AUTO else settings["image_width"],
        channels=3 if color == "rgb" else 1,
    )


def look_at(source: Pictures, count: int = _LOOKED_AT) -> list[Image.Image]:
    """Return some pictures, evenly spread over the source; broken ones are left out."""
    images = []
    for row in spread(len(source.names), count):
        try:
            images.append(source.read(row))
        except BrokenImage:
            continue
    return images


def _proposed_size(images: list[Image.Image]) -> tuple[int, int]:
    if not images:
        return 32, 32
    height = float(np.median([image.height for image in images]))
    width = float(np.median([image.width for image in images]))
    shrink = min(1.0, PROPOSED_SIDE / max(height, width))
    return max(8, round(height * shrink)), max(8, round(width * shrink))
