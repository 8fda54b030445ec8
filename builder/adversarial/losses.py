"""The losses of an adversarial training, of the discriminator's scores (logits) of real and made samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from builder.adversarial_parameters import HINGE, NON_SATURATING, WASSERSTEIN


def discriminator_loss(name: str, real: Any, fake: Any) -> Any:
    """Return what the discriminator makes small: that real samples score high and made ones low.

    Args:
        name: ``NON_SATURATING``, ``HINGE`` or ``WASSERSTEIN``.
        real: its scores of real samples, (batch, 1).
        fake: its scores of made samples, (batch, 1).

    Reference: Goodfellow et al., Generative Adversarial Nets (2014); Lim & Ye, Geometric GAN (2017);
        Arjovsky, Chintala & Bottou, Wasserstein GAN (2017).
    """
    losses = {
        NON_SATURATING: lambda: keras.ops.softplus(-real) + keras.ops.softplus(fake),
        HINGE: lambda: keras.ops.relu(1.0 - real) + keras.ops.relu(1.0 + fake),
        WASSERSTEIN: lambda: fake - real,
    }
    return keras.ops.mean(losses[name]())


def generator_loss(name: str, fake: Any) -> Any:
    """Return what the generator makes small: that the samples that it made score high."""
    return keras.ops.mean(keras.ops.softplus(-fake) if name == NON_SATURATING else -fake)


def gradient_penalty(judge: Callable[[Any], Any], real: Any, fake: Any, shares: Any) -> Any:
    """Return how far the discriminator's slope is from 1, between real and made samples.

    Args:
        judge: gives the scores of samples.
        real: real samples, (batch, …).
        fake: as many made samples.
        shares: for each pair a number between 0 and 1, (batch, 1, …): where between the two to look.

    Reference: Gulrajani et al., Improved Training of Wasserstein GANs (2017), algorithm 1.
    """
    between = real + shares * (fake - real)
    with tf.GradientTape() as tape:
        tape.watch(between)
        scores = judge(between)
    slopes = tape.gradient(scores, between)
    axes = tuple(range(1, len(slopes.shape)))
    lengths = keras.ops.sqrt(keras.ops.sum(keras.ops.square(slopes), axis=axes) + 1e-12)
    return keras.ops.mean(keras.ops.square(lengths - 1.0))
