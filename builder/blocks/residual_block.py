"""The basic residual block: two convolutions and a shortcut around them."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Choice, Integer


def residual_block(inputs, filters, kernel_size=3, strides=1, activation="relu", name="residual_block"):
    """Add what two convolutions of an image or a sequence find to the input itself.

    Where the shape changes, the shortcut is a convolution of size 1.

    Reference: He et al., Deep Residual Learning for Image Recognition (2015), figure 2, shortcut B.
    """
    convolution = layers.Conv2D if len(inputs.shape) == 4 else layers.Conv1D
    shortcut = inputs
    if strides != 1 or inputs.shape[-1] != filters:
        shortcut = convolution(filters, 1, strides, use_bias=False, name=f"{name}_shortcut")(inputs)
        shortcut = layers.BatchNormalization(name=f"{name}_shortcut_norm")(shortcut)
    x = convolution(filters, kernel_size, strides, padding="same", use_bias=False, name=f"{name}_conv_1")(
        inputs
    )
    x = layers.BatchNormalization(name=f"{name}_norm_1")(x)
    x = layers.Activation(activation, name=f"{name}_activation_1")(x)
    x = convolution(filters, kernel_size, padding="same", use_bias=False, name=f"{name}_conv_2")(x)
    x = layers.BatchNormalization(name=f"{name}_norm_2")(x)
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.Activation(activation, name=f"{name}_activation_2")(x)


BLOCKS = (
    declare(
        "residual_block.v1",
        residual_block,
        sources=(residual_block,),
        label="Residual block",
        category="Composite",
        summary="Two convolutions with a shortcut around them, so that deep models still train. For "
        "images and sequences.",
        formula="y = f(norm(conv(f(norm(conv(x))))) + x), x projected if shapes differ",
        reference="He et al., Deep Residual Learning for Image Recognition (2015)",
        inputs=(Port("input", ("image", "sequence")),),
        settings={
            "filters": common.FILTERS,
            "kernel_size": Setting(
                Integer(1, 64), "Width of the sliding window, in pixels or steps. The border is padded."
            ),
            "strides": Setting(
                Integer(1, 64), "How far the first convolution moves each time. 2 halves the size."
            ),
            "activation": Setting(
                Choice(common.ACTIVATIONS), "The function f between and after the convolutions."
            ),
        },
    ),
)
