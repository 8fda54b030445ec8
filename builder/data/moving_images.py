"""Turning, shearing, zooming, mirroring and moving pictures, with the masks or boxes that belong to them.

A movement is an affine map from the places of the new picture to those of the old one that they show:
float32 of shape (batch, 6), the numbers a to f of x' = a·x + b·y + c and y' = d·x + e·y + f in pixels.
Generated scripts carry these functions.
"""

# mypy: allow-untyped-defs

from __future__ import annotations

import tensorflow as tf

from builder.data.spec import IGNORED

MOVES = ("angle", "scale", "shear_x", "shear_y", "shift_x", "shift_y", "horizontal_flip", "vertical_flip")
# What is cut off a box further than this is no longer to be found in the picture.
VISIBLE_SHARE = 0.25


def movement(drawn, height, width):
    """Return the movement of every picture, or None where none moves.

    Args:
        drawn: what was drawn for every picture, each of shape (batch,): angles in radians, the logarithm of
            the scale, shears and shifts as shares, flips as truth values; what is missing is left as it is.
        height, width: of the pictures, in pixels.
    """
    if not set(MOVES) & set(drawn):
        return None
    zero = tf.zeros_like(next(tf.cast(drawn[name], tf.float32) for name in MOVES if name in drawn))
    angle, scale, shear_x, shear_y, shift_x, shift_y = (zero + drawn.get(name, 0.0) for name in MOVES[:6])
    mirror_x, mirror_y = (
        tf.where(drawn[name], -1.0, 1.0) if name in drawn else zero + 1.0 for name in MOVES[6:]
    )
    cos, sin, shrink = tf.cos(angle), tf.sin(angle), tf.exp(-scale)
    a, b = (cos + sin * shear_y) * shrink * mirror_x, (cos * shear_x + sin) * shrink * mirror_y
    d, e = (cos * shear_y - sin) * shrink * mirror_x, (cos - sin * shear_x) * shrink * mirror_y
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    c = middle_x - a * middle_x - b * middle_y + shift_x * width
    f = middle_y - d * middle_x - e * middle_y + shift_y * height
    return tf.stack([a, b, c, d, e, f], axis=1)


def moved_images(images, places, fill, interpolation="BILINEAR"):
    """Return pictures, (batch, height, width, channels), as a movement shows them.

    Args:
        fill: "reflect", "nearest" or "constant": what moves in at the edges.
    """
    found = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.pad(places, [[0, 0], [0, 2]]),
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation=interpolation,
        fill_mode=fill.upper(),
    )
    return tf.ensure_shape(found, images.shape)


def moved_masks(masks, places, fill):
    """Return the classes of pixels, (batch, height, width), as their pictures were moved.

    What moves in black at the edges belongs to no class.
    """
    # The operation fills in with 0: then 0 must mean "no class".
    shifted = tf.cast(masks - IGNORED, tf.float32)[..., tf.newaxis]
    moved = moved_images(shifted, places, fill, "NEAREST")[..., 0]
    return tf.cast(tf.round(moved), masks.dtype) + IGNORED


def moved_boxes(boxes, places, height, width):
    """Return boxes, (batch, boxes, 5), as their pictures were moved; those that left the picture are dropped.

    A turned box becomes the box around the ellipse in it, which fits most things better than the box around
    its corners does.

    Args:
        boxes: class, left, top, right and bottom, the sides as shares of the picture. A dropped box gets the
            class ``IGNORED``, as a row without a box has.

    Reference: Kalra et al., Towards Rotation Invariance in Object Detection (2021).
    """
    kind, *sides = tf.unstack(boxes, axis=-1)
    left, right = sides[0] * width - 0.5, sides[2] * width - 0.5
    top, bottom = sides[1] * height - 0.5, sides[3] * height - 0.5
    a, b, c, d, e, f = (value[:, tf.newaxis] for value in tf.unstack(places, axis=1))
    size = a * e - b * d
    # The movement leads from new to old places; boxes go the other way.
    x, y = (left + right) / 2 - c, (top + bottom) / 2 - f
    new_x, new_y = (e * x - b * y) / size, (a * y - d * x) / size
    half_width, half_height = (right - left) / 2, (bottom - top) / 2
    reach_x = tf.sqrt(tf.square(e * half_width) + tf.square(b * half_height)) / tf.abs(size)
    reach_y = tf.sqrt(tf.square(d * half_width) + tf.square(a * half_height)) / tf.abs(size)
    whole = tf.stack([new_x - reach_x, new_y - reach_y, new_x + reach_x, new_y + reach_y], axis=-1)
    # A graph would multiply in place of a division by a constant, and round otherwise than a script does.
    whole = (whole + 0.5) * tf.constant([1 / width, 1 / height, 1 / width, 1 / height], tf.float32)
    seen = tf.clip_by_value(whole, 0.0, 1.0)
    stays = (kind != IGNORED) & (box_area(seen) > VISIBLE_SHARE * box_area(whole))
    found = tf.concat([kind[..., tf.newaxis], seen], axis=-1)
    return tf.where(stays[..., tf.newaxis], found, tf.constant([IGNORED, 0, 0, 0, 0], tf.float32))


def box_area(boxes):
    """Return the areas of boxes, (…, 4), by left, top, right and bottom."""
    left, top, right, bottom = tf.unstack(boxes, axis=-1)
    return (right - left) * (bottom - top)
