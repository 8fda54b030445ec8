"""Decoding pictures into one uint8 array."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from builder.data.files import hash_files
from builder.data.images import BrokenImage, ImageSource, is_color, to_array
from builder.data.spec import IMAGE_INPUT, ArraySpec, DataSpec, ModelInput
from builder.data.splits import split_rows
from builder.data.targets import check_classes
from builder.data.writing import ArrayWriter, write_array
from builder.errors import Problem, stop
from builder.params import AUTO
from builder.project import DataRecipe

# A proposed size keeps a picture recognizable and a CPU's epoch short.
PROPOSED_SIDE = 128
_LOOKED_AT = 40
_BROKEN_SHARE = 0.1
_BROKEN_ALWAYS_SKIPPED = 3
_CHUNK = 256


@dataclass(frozen=True)
class ImageSize:
    """The size and channels of every prepared picture."""

    height: int
    width: int
    channels: int


def prepare_images(
    recipe: DataRecipe, source: ImageSource, folder: Path, on_progress: Callable[[float, str], None]
) -> tuple[DataSpec, list[Problem]]:
    """Write a source's pictures, classes and parts as arrays; return the specification and warnings.

    Raises:
        BuilderError: where the pictures or classes are unusable.
    """
    check_image_recipe(recipe, source)
    settings = recipe.settings()
    size = image_size(source, settings)
    good, problems = _write_pictures(source, size, folder, on_progress)
    labels = source.labels[good]
    is_test = None if source.is_test is None else source.is_test[good]
    parts = split_rows(recipe.split_settings(), len(good), labels, source.class_names, is_test)
    write_array(folder / "targets.npy", labels)
    for part, rows in parts.items():
        write_array(folder / f"{part}.npy", rows)
    spec = DataSpec(
        task="classification",
        inputs=(_image_input(size, settings),),
        class_names=source.class_names,
        target_name="class",
        rows={part: len(rows) for part, rows in parts.items()},
        data_hash=hash_files(source.files),
        source_title=source.title,
    )
    return spec, [*source.problems, *problems]


def check_image_recipe(recipe: DataRecipe, source: ImageSource) -> None:
    """Check that a recipe's task suits pictures in class folders, and that there are classes.

    Raises:
        BuilderError: where they do not fit.
    """
    if recipe.task != "classification":
        message = (
            "Pictures in class folders can be classified; they hold no numbers to predict. Choose the task "
            "classification."
        )
        raise stop("task_needs_numbers", message, field="task")
    check_classes(source.class_names, len(source.labels), source.title, "source")


def image_size(source: ImageSource, settings: dict[str, Any]) -> ImageSize:
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


def look_at(source: ImageSource, count: int = _LOOKED_AT) -> list[Image.Image]:
    """Return some pictures, evenly spread over the source; broken ones are left out."""
    images = []
    for row in np.unique(np.linspace(0, len(source.labels) - 1, count).astype(int)):
        try:
            images.append(source.read(int(row)))
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


def _write_pictures(
    source: ImageSource, size: ImageSize, folder: Path, on_progress: Callable[[float, str], None]
) -> tuple[np.ndarray, list[Problem]]:
    good: list[int] = []
    broken: list[str] = []
    total = len(source.labels)
    with (folder / "image.npy").open("wb") as stream:
        writer = ArrayWriter(stream, (size.height, size.width, size.channels), "uint8")
        for start in range(0, total, _CHUNK):
            arrays = []
            for row in range(start, min(start + _CHUNK, total)):
                try:
                    arrays.append(to_array(source.read(row), size.height, size.width, size.channels))
                    good.append(row)
                except BrokenImage as error:
                    broken.append(f"{source.names[row]} ({error})")
            writer.append(np.stack(arrays) if arrays else np.empty((0,), dtype=np.uint8))
            on_progress(
                0.95 * min(start + _CHUNK, total) / total, f"Decoding pictures ({start:,} of {total:,})"
            )
        writer.finish()
    return np.array(good, dtype=np.int64), _broken_problems(source, broken, total)


def _broken_problems(source: ImageSource, broken: list[str], total: int) -> list[Problem]:
    if not broken:
        return []
    shown = ", ".join(broken[:5]) + (" …" if len(broken) > 5 else "")
    if len(broken) > _BROKEN_ALWAYS_SKIPPED and len(broken) > _BROKEN_SHARE * total:
        message = (
            f"{len(broken):,} of {total:,} pictures of {source.title} cannot be read: {shown}. Copy or "
            "pack the "
            "pictures again."
        )
        raise stop("broken_images", message, field="source")
    message = f"{len(broken):,} picture(s) of {source.title} cannot be read and were left out: {shown}."
    return [Problem("images_skipped", message, field="source", severity="warning")]


def _image_input(size: ImageSize, settings: dict[str, Any]) -> ModelInput:
    shape = (size.height, size.width, size.channels)
    described = {"height": size.height, "width": size.width, "channels": size.channels}
    array = ArraySpec("image", shape, "float32")
    return ModelInput(IMAGE_INPUT, "image", (array,), {"rescale": settings["rescale"], **described})
