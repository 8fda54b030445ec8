"""Convolutions one after the other, the part that VGG and the U-Net share."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers


def stacked_convolutions(inputs, filters, depth, kernel_size, normalization, activation, name):
    """Return what several convolutions that keep the size make of an image or a sequence."""
    convolution = layers.Conv2D if len(inputs.shape) == 4 else layers.Conv1D
    x = inputs
    for number in range(1, depth + 1):
        x = convolution(
            filters,
            kernel_size,
            padding="same",
            use_bias=normalization == "none",
            name=f"{name}_conv_{number}",
        )(x)
        if normalization == "batch":
            # With Keras's 0.99 a run of a few hundred batches ends before the averages are those of the data.
            x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm_{number}")(x)
        x = layers.Activation(activation, name=f"{name}_activation_{number}")(x)
    return x
