"""Mirroring pictures together with their masks or boxes, drawn from a seed alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from builder.data.spec import IMAGE_INPUT, DataSpec

# The setting and the axis of pictures that it reverses.
_FLIPS = (("horizontal_flip", 2), ("vertical_flip", 1))


def without_flips(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return augmentation settings that leave pictures where they are."""
    return {**settings, **{name: False for name, _ in _FLIPS}}


def flipped(
    arrays: Mapping[str, tf.Tensor],
    targets: tf.Tensor,
    seed: tf.Tensor,
    settings: Mapping[str, Any],
    spec: DataSpec,
) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    """Return a batch in which half of the pictures are mirrored, with their masks or boxes.

    Args:
        arrays: the batch by array name; pictures are (batch, height, width, channels).
        targets: classes of pixels, (batch, height, width), or boxes, (batch, boxes, 5).
        seed: of shape (2,), int32.
        settings: the augmentation settings, of which ``horizontal_flip`` and ``vertical_flip`` count.
        spec: the data's description.
    """
    pictures = arrays[IMAGE_INPUT]
    for number, (name, axis) in enumerate(_FLIPS):
        if not settings[name]:
            continue
        own_seed = tf.random.fold_in(seed, 2000 + number)
        chosen = tf.random.stateless_uniform((tf.shape(pictures)[0],), own_seed) < 0.5
        pictures = tf.where(chosen[:, None, None, None], tf.reverse(pictures, [axis]), pictures)
        other = _mirrored(targets, axis) if spec.predicts_boxes else tf.reverse(targets, [axis])
        targets = tf.where(chosen[:, None, None], other, targets)
    return {**arrays, IMAGE_INPUT: pictures}, targets


def _mirrored(boxes: tf.Tensor, axis: int) -> tf.Tensor:
    """Return boxes of mirrored pictures: left and right, or top and bottom, change places."""
    kind, left, top, right, bottom = tf.unstack(boxes, axis=-1)
    if axis == 2:
        left, right = 1 - right, 1 - left
    else:
        top, bottom = 1 - bottom, 1 - top
    return tf.stack([kind, left, top, right, bottom], axis=-1)
