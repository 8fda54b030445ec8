"""Convolution, normalization, activation, pooling and dropout as one block."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Choice, Integer


def convolution_block(
    inputs,
    filters,
    kernel_size=3,
    normalization="batch",
    activation="relu",
    pool="max",
    dropout=0.0,
    momentum=0.9,
    name="convolution_block",
):
    """Convolve, normalize, activate, pool and drop out an image or a sequence.

    Reference: Ioffe & Szegedy, Batch Normalization (2015), for the order of the layers.
    """
    is_image = len(inputs.shape) == 4
    convolution = layers.Conv2D if is_image else layers.Conv1D
    x = convolution(
        filters, kernel_size, padding="same", use_bias=normalization == "none", name=f"{name}_conv"
    )(inputs)
    if normalization == "batch":
        x = layers.BatchNormalization(momentum=momentum, name=f"{name}_norm")(x)
    elif normalization == "layer":
        x = layers.LayerNormalization(name=f"{name}_norm")(x)
    x = layers.Activation(activation, name=f"{name}_activation")(x)
    if pool == "max":
        x = (layers.MaxPooling2D if is_image else layers.MaxPooling1D)(2, name=f"{name}_pool")(x)
    elif pool == "average":
        x = (layers.AveragePooling2D if is_image else layers.AveragePooling1D)(2, name=f"{name}_pool")(x)
    if dropout:
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return x


BLOCKS = (
    declare(
        "convolution_block.v1",
        convolution_block,
        sources=(convolution_block,),
        label="Convolution block",
        category="Composite",
        summary="Convolution, normalization, activation, pooling and dropout in their usual order, for "
        "images and sequences.",
        formula="y = dropout(pool(activation(norm(conv(x)))))",
        reference="Ioffe & Szegedy, Batch Normalization (2015)",
        inputs=(Port("input", ("image", "sequence")),),
        settings={
            "filters": common.FILTERS,
            "kernel_size": Setting(
                Integer(1, 64),
                "Width of the sliding window, in pixels or steps. The border is padded.",
                why="3 is the smallest window with a center.",
            ),
            "normalization": Setting(
                Choice(("batch", "layer", "none")), "Batch normalization suits most image models."
            ),
            "activation": Setting(
                Choice(common.ACTIVATIONS), "The function applied to every value after the normalization."
            ),
            "pool": Setting(Choice(("max", "average", "none")), "How the size is halved; 'none' keeps it."),
            "dropout": Setting(common.SHARE, "Share of the values set to zero while training."),
            "momentum": common.NORMALIZATION_MOMENTUM,
        },
    ),
)
