"""MixUp and CutMix: two samples become one, whose answer is shared between their classes."""

# mypy: allow-untyped-defs

from __future__ import annotations

import tensorflow as tf

from builder.data.augment_images import random_boxes


def mixed(samples, targets, weights, seed, settings):
    """Return a batch whose samples are mixed with others of it.

    Where both ways are wanted, every batch goes one or the other.

    Args:
        samples: pictures (batch, height, width, channels) or sound (batch, samples), float32.
        targets: the share of every class, float32 of shape (batch, classes).
        weights: one weight a sample, or None.
        seed: of shape (2,), int32.
        settings: the augmentation settings, defaults filled in.

    Reference: Zhang et al., mixup: Beyond Empirical Risk Minimization (2018); Yun et al., CutMix (2019).
    """
    seeds = [tf.random.fold_in(seed, number) for number in range(3)]
    count = tf.shape(samples)[0]
    partner = tf.random.experimental.stateless_shuffle(tf.range(count), seeds[0])
    kept, own = _kept(samples, seeds[1], seeds[2], settings)
    samples = samples * kept + tf.gather(samples, partner) * (1 - kept)
    share = own[:, tf.newaxis]
    targets = targets * share + tf.gather(targets, partner) * (1 - share)
    if weights is not None:
        weights = weights * own + tf.gather(weights, partner) * (1 - own)
    return samples, targets, weights


def _kept(samples, seed, coin_seed, settings):
    """Return how much of each value is a sample's own, and each sample's own share in all."""
    count = tf.shape(samples)[0]
    ways = []
    if settings["mixup"]:
        own = _beta(count, seed, settings["mixup"])
        blend = tf.reshape(own, (-1, *[1] * (samples.shape.rank - 1)))
        ways.append((blend + tf.zeros_like(samples[..., :1]), own))
    if settings["cutmix"]:
        area = 1 - _beta(count, seed, settings["cutmix"])
        height, width = samples.shape[1:3]
        box_seed = tf.random.fold_in(seed, 2)
        boxes = random_boxes(count, height, width, area, tf.ones((count,)), box_seed)
        # A piece that reaches over the edge covers less than was drawn.
        ways.append((1 - boxes, 1 - tf.reduce_mean(boxes, axis=(1, 2, 3))))
    if len(ways) == 1:
        return ways[0]
    first = tf.random.stateless_uniform((), coin_seed) < 0.5
    return tuple(tf.where(first, one, other) for one, other in zip(*ways, strict=True))


def _beta(count, seed, concentration):
    """Draw from the beta distribution with both parameters the same; shape (count,), 0 to 1."""
    one, other = (
        tf.random.stateless_gamma((count,), tf.random.fold_in(seed, number), concentration)
        for number in (0, 1)
    )
    # Both may round to 0 where the concentration is small: then the sample stays whole.
    return tf.where(one + other > 0, tf.math.divide_no_nan(one, one + other), 1.0)
