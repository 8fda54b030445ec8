"""Random changes of pictures, drawn from a seed alone: the same seed gives the same pictures, bit for bit.

All turns, shears, zooms and moves of a picture are one resampling, and all changes of its colors one
multiplication, so that pixels are touched and blurred once only. Generated scripts carry these functions.
"""

# mypy: allow-untyped-defs

from __future__ import annotations

import math

import tensorflow as tf

from builder.data.moving_images import moved_images, movement

# Luma and the two color axes of NTSC video: turning those two turns the hue, stretching them the saturation.
TO_YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))
# What RandAugment chooses from. "Equalize" of the paper is left out, for its cost.
CHOICES = (
    "angle",
    "shear_x",
    "shear_y",
    "shift_x",
    "shift_y",
    "brightness",
    "contrast",
    "saturation",
    "sharpness",
    "solarize",
    "posterize",
    "autocontrast",
)
ERASED_AREA = (0.02, 0.25)


def augmented_images(images, seed, settings):
    """Return pictures that are changed each in its own way, and how each was moved.

    Args:
        images: float32 of shape (batch, height, width, channels), 0 to 255.
        seed: of shape (2,), int32.
        settings: the augmentation settings, defaults filled in.

    Returns:
        The changed pictures, and their movement as ``moving_images`` describes it, or None.
    """
    count = tf.shape(images)[0]
    drawn = drawn_changes(count, seed, settings)
    for name, values in rand_augment(count, tf.random.fold_in(seed, 100), settings).items():
        drawn[name] = drawn[name] + values if name in drawn else values
    places = movement(drawn, images.shape[1], images.shape[2])
    if places is not None:
        images = moved_images(images, places, settings["fill"])
    images = recolored(images, drawn)
    images = reduced(images, drawn)
    if settings["erasing"]:
        images = erased(images, tf.random.fold_in(seed, 101), settings["erasing"])
    return images, places


def random_boxes(count, height, width, area, aspect, seed):
    """Return a mask of one rectangle a picture, float32 of shape (count, height, width, 1), 1 inside.

    Args:
        area: the share of each picture that its rectangle covers if it lies inside, shape (count,).
        aspect: the rectangles' height by width, shape (count,).
    """
    tall, wide = tf.sqrt(area * aspect), tf.sqrt(area / aspect)
    middle = tf.random.stateless_uniform((count, 2), seed)
    rows = inside(middle[:, 0], tall, height)
    columns = inside(middle[:, 1], wide, width)
    return (rows[:, :, tf.newaxis] * columns[:, tf.newaxis, :])[..., tf.newaxis]


def inside(middle, length, size):
    """Return which of so many places lie within a length around a middle, float32 (batch, size), 1 inside."""
    places = (tf.range(size, dtype=tf.float32) + 0.5) / tf.cast(size, tf.float32)
    return tf.cast(tf.abs(places - middle[:, tf.newaxis]) < length[:, tf.newaxis] / 2, tf.float32)


def drawn_changes(count, seed, settings):
    """Return what is drawn for every picture, by name; what is switched off is left out."""

    def uniform(number, low, high):
        return tf.random.stateless_uniform((count,), tf.random.fold_in(seed, number), low, high)

    drawn = {}
    if settings.get("rotation"):
        turn = math.radians(settings["rotation"])
        drawn["angle"] = uniform(0, -turn, turn)
    if settings.get("zoom"):
        # On a logarithmic scale, so that twice as large is as likely as half as large.
        reach = math.log1p(settings["zoom"])
        drawn["scale"] = uniform(1, -reach, reach)
    if settings.get("shift"):
        drawn["shift_x"] = uniform(2, -settings["shift"], settings["shift"])
        drawn["shift_y"] = uniform(3, -settings["shift"], settings["shift"])
    if settings.get("crop"):
        kept = uniform(4, 1 - settings["crop"], 1.0)
        drawn["scale"] = drawn.get("scale", 0.0) - tf.math.log(kept)
        for number, name in ((5, "shift_x"), (6, "shift_y")):
            drawn[name] = drawn.get(name, 0.0) + uniform(number, -0.5, 0.5) * (1 - kept)
    for number, name in ((7, "horizontal_flip"), (8, "vertical_flip")):
        if settings.get(name):
            drawn[name] = uniform(number, 0.0, 1.0) < 0.5
    for number, name in ((9, "brightness"), (10, "contrast"), (11, "saturation"), (12, "hue")):
        if settings.get(name):
            drawn[name] = uniform(number, -settings[name], settings[name])
    return drawn


def rand_augment(count, seed, settings):
    """Return the changes of RandAugment for every picture; 0 means none.

    They come in a fixed order, each at most once a picture.

    Reference: Cubuk et al., RandAugment: Practical automated data augmentation (2020).
    """
    if not settings["rand_augment"]:
        return {}
    scores = tf.random.stateless_uniform((count, len(CHOICES)), seed)
    places = tf.argsort(tf.argsort(scores, axis=1), axis=1)
    chosen = tf.cast(places < settings["rand_augment"], tf.float32)
    signs = tf.sign(tf.random.stateless_uniform(tf.shape(scores), tf.random.fold_in(seed, 1), -1.0, 1.0))
    strength = settings["rand_augment_strength"]
    # What full strength means, after the paper's table.
    most = {
        "angle": math.radians(30) * signs[:, 0],
        "shear_x": 0.3 * signs[:, 1],
        "shear_y": 0.3 * signs[:, 2],
        "shift_x": 0.45 * signs[:, 3],
        "shift_y": 0.45 * signs[:, 4],
        "brightness": 0.5 * signs[:, 5],
        "contrast": 0.9 * signs[:, 6],
        "saturation": 0.9 * signs[:, 7],
        "sharpness": 0.9 * signs[:, 8],
    }
    found = {name: chosen[:, place] * strength * value for place, (name, value) in enumerate(most.items())}
    return {
        **found,
        "solarize": chosen[:, 9] * strength,
        "posterize": chosen[:, 10] * strength,
        "autocontrast": chosen[:, 11],
    }


def recolored(images, drawn):
    """Change brightness, contrast, saturation and hue."""
    is_color = images.shape[-1] == 3
    if is_color and {"saturation", "hue"} & set(drawn):
        zero = tf.zeros(tf.shape(images)[:1])
        turn, stretch = 2 * math.pi * (zero + drawn.get("hue", 0.0)), 1 + zero + drawn.get("saturation", 0.0)
        cos, sin = stretch * tf.cos(turn), stretch * tf.sin(turn)
        rows = [[1 + zero, zero, zero], [zero, cos, -sin], [zero, sin, cos]]
        turned = tf.stack([tf.stack(row, axis=1) for row in rows], axis=1)
        there = tf.constant(TO_YIQ)
        whole = tf.linalg.inv(there) @ turned @ there
        images = tf.einsum("bhwc,bdc->bhwd", images, whole)
    if "contrast" in drawn:
        mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
        images = (images - mean) * (1 + drawn["contrast"][:, None, None, None]) + mean
    if "brightness" in drawn:
        images = images + 255 * drawn["brightness"][:, None, None, None]
    return tf.clip_by_value(images, 0.0, 255.0)


def reduced(images, drawn):
    """Sharpen or blur, stretch the range, invert light pixels, and leave out shades, for RandAugment."""
    if "solarize" not in drawn:
        return images
    sharp, solar, poster, auto = (
        drawn[name][:, None, None, None] for name in ("sharpness", "solarize", "posterize", "autocontrast")
    )
    smooth = tf.nn.avg_pool2d(images, 3, 1, "SAME")
    images = tf.clip_by_value(smooth + (images - smooth) * (1 + sharp), 0.0, 255.0)
    low, high = (reduce(images, axis=(1, 2, 3), keepdims=True) for reduce in (tf.reduce_min, tf.reduce_max))
    stretched = tf.clip_by_value((images - low) * 255 / tf.maximum(high - low, 1.0), 0.0, 255.0)
    images = tf.where(auto > 0, stretched, images)
    images = tf.where(images > 255 * (1 - solar), 255 - images, images)
    # From 8 bits down to 4 at full strength.
    step = tf.pow(2.0, tf.round(4 * poster))
    return tf.where(poster > 0, tf.floor(images / step) * step, images)


def erased(images, seed, often):
    """Paint a rectangle of the picture's mean over some pictures.

    Reference: Zhong et al., Random Erasing Data Augmentation (2017).
    """
    count = tf.shape(images)[0]
    seeds = [tf.random.fold_in(seed, number) for number in range(4)]
    area = tf.random.stateless_uniform((count,), seeds[0], *ERASED_AREA)
    aspect = tf.exp(tf.random.stateless_uniform((count,), seeds[1], math.log(0.3), math.log(3.3)))
    boxes = random_boxes(count, images.shape[1], images.shape[2], area, aspect, seeds[2])
    wanted = tf.random.stateless_uniform((count,), seeds[3]) < often
    boxes *= tf.cast(wanted, tf.float32)[:, None, None, None]
    return images * (1 - boxes) + tf.reduce_mean(images, axis=(1, 2), keepdims=True) * boxes
