"""What is known of pictures with masks or boxes before they are prepared."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from builder.data.files import BrokenFile
from builder.data.images import dark_problems
from builder.data.overlays import png_text, with_boxes, with_classes
from builder.data.picture_boxes import BoxSource, boxes_on
from builder.data.picture_pairs import MaskSource, class_values, unnamed_values
from builder.data.pixels import flattened
from builder.data.prepare_images import Pictures, look_at
from builder.data.prepare_pictures import check_task, values_in
from builder.data.showing import small
from builder.data.some_rows import spread
from builder.data.spec import IGNORED
from builder.data.splits import split_rows
from builder.errors import BuilderError, Problem
from builder.project import DataRecipe

EXAMPLES = 12
MASKS_LOOKED_AT = 200
_SIDE = 160


def profile_masks(recipe: DataRecipe, source: MaskSource) -> dict[str, Any]:
    """Return what ``builder.data.profile.profile`` tells of pictures with masks.

    ``class_balance`` counts pixels of some masks, class by class; ``examples`` are pictures with their masks
    over them.
    """
    held = values_in(source, MASKS_LOOKED_AT)
    values, names = class_values(held, source.named)
    class_of = np.full(256, IGNORED, np.int16)
    class_of[list(values)] = np.arange(len(values))
    counts = np.zeros(len(names), np.int64)
    examples: list[dict[str, str]] = []
    problems = [*source.problems, *unnamed_values(source, held, values)]
    for row in spread(len(source.names), EXAMPLES):
        try:
            picture, classes = source.read(row), class_of[source.read_mask(row)]
        except BrokenFile as error:
            message = f"{source.names[row]} cannot be used: {error}. It will be left out."
            problems.append(Problem("images_skipped", message, field="source", severity="warning"))
            continue
        counts += np.bincount(classes[classes >= 0], minlength=len(names))
        shown = [names[number] for number in np.unique(classes[classes > 0]).tolist()]
        address = f"data:image/png;base64,{png_text(with_classes(small(picture, _SIDE), classes))}"
        examples.append({"image": address, "label": ", ".join(shown)})
    parts, found = picture_parts(recipe, "segmentation", "pictures with masks", source.names, source.is_test)
    looks, told = _looks(source)
    return {
        **looks,
        "parts": parts,
        "class_balance": dict(zip(names, counts.tolist(), strict=True)),
        "examples": examples,
        "problems": [*problems, *told, *found],
    }


def profile_boxes(recipe: DataRecipe, source: BoxSource) -> dict[str, Any]:
    """Return what ``builder.data.profile.profile`` tells of pictures with boxes.

    ``class_balance`` counts boxes; ``examples`` are pictures with their boxes drawn.
    """
    counts = Counter(box.label for boxes in source.boxes for box in boxes)
    examples: list[dict[str, str]] = []
    problems = list(source.problems)
    for row in spread(len(source.names), EXAMPLES):
        try:
            picture = source.read(row)
        except BrokenFile as error:
            message = f"{source.names[row]} cannot be used: {error}. It will be left out."
            problems.append(Problem("images_skipped", message, field="source", severity="warning"))
            continue
        boxes, (width, height) = boxes_on(source, row, picture)
        drawn = [
            {
                "number": source.class_names.index(box.label),
                "text": "",
                "left": box.left / width,
                "top": box.top / height,
                "right": box.right / width,
                "bottom": box.bottom / height,
            }
            for box in boxes
        ]
        address = f"data:image/png;base64,{png_text(with_boxes(small(picture, _SIDE), drawn, _SIDE))}"
        labels = Counter(box.label for box in source.boxes[row])
        label = ", ".join(f"{count} {name}" for name, count in sorted(labels.items()))
        examples.append({"image": address, "label": label or "nothing"})
    parts, found = picture_parts(recipe, "detection", "pictures with boxes", source.names, source.is_test)
    looks, told = _looks(source)
    return {
        **looks,
        "parts": parts,
        "class_balance": {name: counts[name] for name in source.class_names},
        "examples": examples,
        "problems": [*problems, *told, *found],
    }


def _looks(source: MaskSource | BoxSource) -> tuple[dict[str, Any], list[Problem]]:
    sizes, told = picture_sizes(source.title, source)
    looks = {
        "kind": "image",
        "rows": len(source.names),
        "columns": None,
        "split_columns": [],
        "image_sizes": sizes,
    }
    return looks, told


def picture_sizes(title: str, source: Pictures) -> tuple[dict[str, list[int] | None], list[Problem]]:
    """Return height and width of the ``smallest`` and ``largest`` of some pictures, and what is wrong."""
    looks = look_at(source)
    sizes = [[image.height, image.width] for image in looks]
    found = {"smallest": min(sizes, default=None), "largest": max(sizes, default=None)}
    return found, dark_problems(title, (np.asarray(image.convert("L")) for image in map(flattened, looks)))


def picture_parts(
    recipe: DataRecipe, task: str, what: str, names: Any, is_test: np.ndarray | None
) -> tuple[dict[str, int] | None, list[Problem]]:
    """Return how many pictures each part gets, or None and what is wrong with the task or the split."""
    try:
        check_task(recipe, task, what)
        split = split_rows(recipe.split_settings(), len(names), None, (), is_test)
    except BuilderError as error:
        return None, list(error.problems)
    return {part: len(rows) for part, rows in split.items()}, []
