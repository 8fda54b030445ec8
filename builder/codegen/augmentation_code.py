"""The part of a script that changes pictures at random while the model is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.augmentation_parameters import AUGMENTATION_PARAMETERS, AUGMENTATIONS, augments
from builder.codegen.layout import INDENT, constant, literal, source
from builder.codegen.script_parts import Part
from builder.codegen.split_code import changed_batches_source, training_steps
from builder.data import augment_images, moving_images
from builder.data.spec import IGNORED, DataSpec
from builder.tasks import TASKS

_MOVES = ("rotation", "zoom", "shift", "crop", "horizontal_flip", "vertical_flip", "rand_augment")
_MIXES = ("mixup", "cutmix")
_HOW = ("fill", "rand_augment_strength")


def unwritten(values: Mapping[str, Any]) -> list[str]:
    """Return the names of the settings that change samples in a way that no script can follow yet."""
    written = {item.name for item in AUGMENTATIONS["image"]} - set(_MIXES)
    others = [item.name for item in AUGMENTATION_PARAMETERS if item.name not in written]
    return [name for name in others if augments({name: values[name]})]


def augmentation_part(values: Mapping[str, Any], spec: DataSpec, resampled: bool) -> Part | None:
    """Return the part that gives the training changed pictures, or None where nothing changes any.

    Args:
        values: the augmentation settings, defaults filled in.
        spec: the data's description.
        resampled: whether an epoch shows every class equally often.
    """
    arrays = [item.arrays[0].name for item in spec.inputs if item.kind == "image"]
    if not arrays or not augments(values, "image"):
        return None
    # A mirror image at the edge would show things that no box is around.
    fill = "constant" if spec.predicts_boxes else values["fill"]
    is_moved = any(values[name] for name in _MOVES)
    return Part(
        "Augmentation",
        "Training shows every picture changed in another way in each epoch; what is validated and tested "
        "stays as it is.",
        imports=("import math", "import tensorflow as tf"),
        constants=tuple(_constants(values, spec, fill, is_moved)),
        definitions=(
            *(source(item) for item in _carried(values, spec, is_moved)),
            _augmented_source(values, is_moved),
            _changed_source(spec, arrays, is_moved),
            changed_batches_source(),
        ),
        steps=training_steps("ChangedBatches", resampled),
    )


def _constants(values: Mapping[str, Any], spec: DataSpec, fill: str, is_moved: bool) -> list[str]:
    names = [item.name for item in AUGMENTATIONS["image"] if item.name not in _HOW]
    chosen = {name: values[name] for name in names if values[name]}
    if values["rand_augment"]:
        chosen["rand_augment_strength"] = values["rand_augment_strength"]
    lines = constant("AUGMENTATION", chosen)
    if is_moved:
        lines += constant("FILL", fill)
        lines += constant("MOVES", moving_images.MOVES)
    if is_moved and spec.predicts_boxes:
        lines.append("# A box of which less is still to be seen is no longer one.")
        lines += constant("VISIBLE_SHARE", moving_images.VISIBLE_SHARE)
    if is_moved and spec.task == "segmentation":
        lines.append(f"# The class of a pixel that has none.\nIGNORED = {IGNORED}")
    lines += constant("TO_YIQ", augment_images.TO_YIQ)
    if values["rand_augment"]:
        lines += constant("CHOICES", augment_images.CHOICES)
    if values["erasing"]:
        lines += constant("ERASED_AREA", augment_images.ERASED_AREA)
    return lines


def _carried(values: Mapping[str, Any], spec: DataSpec, is_moved: bool) -> list[Any]:
    images, moving = augment_images, moving_images
    carried: list[Any] = [images.drawn_changes, images.recolored]
    if values["rand_augment"]:
        carried += [images.rand_augment, images.reduced]
    if values["erasing"]:
        carried += [images.inside, images.random_boxes, images.erased]
    if is_moved:
        carried += [moving.movement, moving.moved_images]
    if is_moved and spec.predicts_boxes:
        carried += [moving.box_area, moving.moved_boxes]
    if is_moved and spec.task == "segmentation":
        carried.append(moving.moved_masks)
    return carried


def _augmented_source(values: Mapping[str, Any], is_moved: bool) -> str:
    lines = [
        "def augmented(images, seed):",
        f'{INDENT}"""Return pictures that are changed each in its own way, and how each was moved."""',
        f"{INDENT}drawn = drawn_changes(tf.shape(images)[0], seed, AUGMENTATION)",
    ]
    if values["rand_augment"]:
        lines += [
            f"{INDENT}others = rand_augment(tf.shape(images)[0], tf.random.fold_in(seed, 100), AUGMENTATION)",
            f"{INDENT}for name, values in others.items():",
            f"{INDENT * 2}drawn[name] = drawn[name] + values if name in drawn else values",
        ]
    if is_moved:
        lines += [
            f"{INDENT}places = movement(drawn, *images.shape[1:3])",
            f"{INDENT}images = moved_images(images, places, FILL)",
        ]
    lines.append(f"{INDENT}images = recolored(images, drawn)")
    if values["rand_augment"]:
        lines.append(f"{INDENT}images = reduced(images, drawn)")
    if values["erasing"]:
        often = 'AUGMENTATION["erasing"]'
        lines.append(f"{INDENT}images = erased(images, tf.random.fold_in(seed, 101), {often})")
    return "\n".join([*lines, f"{INDENT}return images, {'places' if is_moved else None}"])


def _changed_source(spec: DataSpec, arrays: list[str], is_moved: bool) -> str:
    """Return the code of ``changed``; masks and boxes move along with their pictures."""
    moves = {"detection": "moved_boxes(targets, places, *images.shape[1:3])"}
    moves["segmentation"] = "moved_masks(targets, places, FILL)"
    lines = [
        "def changed(arrays, targets, seed):",
        f'{INDENT}"""Return a batch whose pictures are changed."""',
    ]
    with_answers = TASKS[spec.task].of_pictures
    if not with_answers:
        lines.append(f"{INDENT}arrays = dict(arrays)")
    for number, name in enumerate(arrays):
        own = "seed" if with_answers else f"tf.random.fold_in(seed, {number})"
        places = "places" if with_answers and is_moved else "_"
        found = f"augmented(tf.cast(arrays[{literal(name)}], tf.float32), {own})"
        if with_answers:
            lines.append(f"{INDENT}images, {places} = {found}")
        else:
            lines.append(f"{INDENT}arrays[{literal(name)}], _ = {found}")
    if not with_answers:
        return "\n".join([*lines, f"{INDENT}return arrays, targets"])
    if is_moved:
        lines.append(f"{INDENT}targets = {moves[spec.task]}")
    return "\n".join([*lines, f"{INDENT}return {{{literal(arrays[0])}: images}}, targets"])
