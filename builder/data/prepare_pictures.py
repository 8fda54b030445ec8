"""Pictures whose answers are not one class: a class for every pixel, or boxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from builder.data.box_targets import box_target
from builder.data.files import BrokenFile, hash_files
from builder.data.images import BrokenImage
from builder.data.picture_boxes import BoxSource, boxes_on
from builder.data.picture_pairs import MaskSource, class_values, unnamed_values
from builder.data.prepare_files import broken_problems
from builder.data.prepare_images import image_input
from builder.data.some_rows import spread
from builder.data.spec import IGNORED, DataSpec, ModelInput
from builder.data.splits import split_rows
from builder.data.writing import ArrayWriter, write_array
from builder.errors import BuilderError, Problem, stop
from builder.project import DataRecipe

MAXIMUM_BOXES = 150
Progress = Callable[[float, str], None]
EncodeRow = Callable[[int], np.ndarray]


def prepare_masks(
    recipe: DataRecipe, source: MaskSource, folder: Path, on_progress: Progress
) -> tuple[DataSpec, list[Problem]]:
    """Write pictures and the classes of their pixels; return the specification and warnings.

    Masks are resized without mixing values. Pixels that belong to no class are ``IGNORED``.

    Raises:
        BuilderError: where the masks hold fewer than two classes, or too much is broken.
    """
    check_task(recipe, "segmentation", "pictures with masks")
    on_progress(0.0, "Looking at the masks")
    held = values_in(source, len(source.names))
    if not held:
        raise _no_mask_read(source)
    values, names = class_values(held, source.named)
    if len(names) < 2:
        message = (
            f"The masks of {source.title} hold one class only, so there is nothing to tell apart. A mask "
            "needs a value a class, such as 0 for the background and 1 for the object."
        )
        raise stop("one_class", message, field="source")
    item, encode = image_input(source, recipe.settings())
    height, width = item.arrays[0].shape[:2]
    class_of = np.full(256, IGNORED, np.int16)
    class_of[list(values)] = np.arange(len(values))

    def classes(row: int) -> np.ndarray:
        mask = source.read_mask(row)
        _check_sides(mask, source.read(row))
        resized = Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST)
        return class_of[np.asarray(resized)]

    good, problems = write_pictures(
        source, item, encode, classes, ((height, width), "int16"), folder, on_progress
    )
    parts = write_parts(recipe, source.is_test, good, folder)
    spec = DataSpec(
        task=recipe.task,
        inputs=(item,),
        class_names=names,
        target_name="mask",
        target_shape=(height, width),
        rows={part: len(rows) for part, rows in parts.items()},
        data_hash=hash_files(source.files),
        source_title=source.title,
    )
    return spec, [*source.problems, *unnamed_values(source, held, values), *problems]


def prepare_boxes(
    recipe: DataRecipe, source: BoxSource, folder: Path, on_progress: Progress
) -> tuple[DataSpec, list[Problem]]:
    """Write pictures and the boxes on them; return the specification and warnings.

    A target holds class, left, top, right, bottom of each box, the sides as shares of the picture's size;
    the class of a row that is no box is ``IGNORED``.

    Raises:
        BuilderError: where too much is broken.
    """
    check_task(recipe, "detection", "pictures with boxes")
    item, encode = image_input(source, recipe.settings())
    most = max(len(boxes) for boxes in source.boxes)
    shape = (min(most, MAXIMUM_BOXES), 5)
    index = {name: number for number, name in enumerate(source.class_names)}
    outside: list[str] = []

    def answer(row: int) -> np.ndarray:
        marked, size = boxes_on(source, row, source.read(row))
        boxes = [[index[box.label], box.left, box.top, box.right, box.bottom] for box in marked]
        target, is_outside = box_target(boxes, size, shape[0])
        if is_outside:
            outside.append(source.names[row])
        return target

    good, problems = write_pictures(source, item, encode, answer, (shape, "float32"), folder, on_progress)
    parts = write_parts(recipe, source.is_test, good, folder)
    if outside:
        message = (
            f"On {len(outside):,} picture(s) boxes reach beyond the edge and were cut there: "
            f"{', '.join(outside[:5])}{' …' if len(outside) > 5 else ''}."
        )
        problems.append(Problem("boxes_cut", message, field="source", severity="warning"))
    if most > MAXIMUM_BOXES:
        message = (
            f"Some pictures have more than {MAXIMUM_BOXES} boxes (up to {most:,}); the smallest are left out "
            "there. Cut such pictures into pieces."
        )
        problems.append(Problem("many_boxes", message, field="source", severity="warning"))
    spec = DataSpec(
        task=recipe.task,
        inputs=(item,),
        class_names=source.class_names,
        target_name="boxes",
        target_shape=shape,
        rows={part: len(rows) for part, rows in parts.items()},
        data_hash=hash_files(source.files),
        source_title=source.title,
    )
    return spec, [*source.problems, *problems]


def values_in(source: MaskSource, most: int) -> list[int]:
    """Return the values that masks hold; of more than ``most`` masks some, spread over the source."""
    seen = np.zeros(256, bool)
    for row in spread(len(source.names), most):
        try:
            seen[np.unique(source.read_mask(row))] = True
        except BrokenFile:
            continue
    return np.flatnonzero(seen).tolist()


def check_task(recipe: DataRecipe, task: str, what: str) -> None:
    """Check that a recipe's task is the one that suits a source.

    Raises:
        BuilderError: where it is another.
    """
    if recipe.task != task:
        message = f"These data are {what}, which suit the task '{task}' alone. Choose it, or other data."
        raise stop("task_of_other_data", message, field="task")


def write_pictures(
    source: MaskSource | BoxSource,
    item: ModelInput,
    encode: EncodeRow,
    answer: EncodeRow,
    answers: tuple[tuple[int, ...], str],
    folder: Path,
    on_progress: Progress,
) -> tuple[np.ndarray, list[Problem]]:
    """Write the pictures of a source and their targets; return the rows that could be read, and warnings.

    Args:
        source: the pictures.
        item: the model's input.
        encode: makes a row's picture, uint8.
        answer: makes a row's target.
        answers: the shape and dtype of a target.
        folder: where ``image.npy`` and ``targets.npy`` are written.
        on_progress: called with the done share and words.
    """
    good: list[int] = []
    broken: list[str] = []
    total = len(source.names)
    with (folder / "image.npy").open("wb") as inputs, (folder / "targets.npy").open("wb") as targets:
        pictures = ArrayWriter(inputs, item.arrays[0].shape, "uint8")
        written = ArrayWriter(targets, *answers)
        for row in range(total):
            try:
                both = encode(row), answer(row)
            except BrokenFile as error:
                broken.append(f"{source.names[row]} ({error})")
                continue
            pictures.append(both[0][np.newaxis])
            written.append(both[1][np.newaxis])
            good.append(row)
            if row % 50 == 0:
                on_progress(0.95 * row / total, f"Decoding pictures ({row:,} of {total:,})")
        pictures.finish()
        written.finish()
    return np.array(good, dtype=np.int64), broken_problems(source.title, "image", broken, total)


def write_parts(
    recipe: DataRecipe, is_test: np.ndarray | None, good: Sequence[int] | np.ndarray, folder: Path
) -> dict[str, np.ndarray]:
    """Write the rows of each part of the pictures that could be read, and return them."""
    given = None if is_test is None else is_test[good]
    parts = split_rows(recipe.split_settings(), len(good), None, (), given)
    for part, rows in parts.items():
        write_array(folder / f"{part}.npy", rows)
    return parts


def _no_mask_read(source: MaskSource) -> BuilderError:
    try:
        source.read_mask(0)
        reason = "it is empty"
    except BrokenFile as error:
        reason = str(error)
    message = f"No mask of {source.title} can be used. That of {source.names[0]}: {reason}."
    return stop("broken_masks", message, field="source")


def _check_sides(mask: np.ndarray, picture: Image.Image) -> None:
    height, width = mask.shape
    if abs(height * picture.width - width * picture.height) > 0.02 * width * picture.height:
        raise BrokenImage(
            f"its mask of {width} x {height} pixels has another shape than the picture of "
            f"{picture.width} x {picture.height}"
        )
