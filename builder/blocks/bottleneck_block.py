"""The bottleneck residual block: narrow, convolve, widen, and a shortcut around them."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Choice, Integer


def bottleneck_block(
    inputs, filters, kernel_size=3, strides=1, expansion=4, activation="relu", name="bottleneck_block"
):
    """Add what a narrow convolution of an image or a sequence finds to the input itself.

    ``expansion * filters`` channels come out. Where the shape changes, the shortcut is a
    convolution of size 1.

    Reference: He et al., Deep Residual Learning for Image Recognition (2015), figure 5, right.
    """
    convolution = layers.Conv2D if len(inputs.shape) == 4 else layers.Conv1D
    shortcut = inputs
    if strides != 1 or inputs.shape[-1] != expansion * filters:
        shortcut = convolution(expansion * filters, 1, strides, use_bias=False, name=f"{name}_shortcut")(
            inputs
        )
        shortcut = layers.BatchNormalization(name=f"{name}_shortcut_norm")(shortcut)
    x = convolution(filters, 1, strides, use_bias=False, name=f"{name}_conv_1")(inputs)
    x = layers.BatchNormalization(name=f"{name}_norm_1")(x)
    x = layers.Activation(activation, name=f"{name}_activation_1")(x)
    x = convolution(filters, kernel_size, padding="same", use_bias=False, name=f"{name}_conv_2")(x)
    x = layers.BatchNormalization(name=f"{name}_norm_2")(x)
    x = layers.Activation(activation, name=f"{name}_activation_2")(x)
    x = convolution(expansion * filters, 1, use_bias=False, name=f"{name}_conv_3")(x)
    x = layers.BatchNormalization(name=f"{name}_norm_3")(x)
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.Activation(activation, name=f"{name}_activation_3")(x)


BLOCKS = (
    declare(
        "bottleneck_block.v1",
        bottleneck_block,
        sources=(bottleneck_block,),
        label="Bottleneck block",
        category="Composite",
        summary="A residual block that first makes the channels few, so that the wide convolution is cheap: "
        "the block of ResNet-50 and deeper. For images and sequences.",
        formula="y = f(conv₁ₓ₁(f(conv₃ₓ₃(f(conv₁ₓ₁(x))))) + x), each conv normalized, x projected if "
        "shapes differ",
        reference="He et al., Deep Residual Learning for Image Recognition (2015)",
        inputs=(Port("input", ("image", "sequence")),),
        settings={
            "filters": Setting(
                Integer(1, 4096),
                "Channels inside; 'expansion' times as many come out.",
                default=32,
                why="With the expansion of 4, 128 channels come out.",
            ),
            "kernel_size": Setting(
                Integer(1, 64), "Width of the inner sliding window, in pixels or steps. The border is padded."
            ),
            "strides": Setting(
                Integer(1, 64), "How far the first convolution moves each time. 2 halves the size."
            ),
            "expansion": Setting(
                Integer(1, 64),
                "How many times more channels come out than there are inside.",
                why="4 is the article's value.",
                advanced=True,
            ),
            "activation": Setting(
                Choice(common.ACTIVATIONS), "The function f between and after the convolutions."
            ),
        },
    ),
)
