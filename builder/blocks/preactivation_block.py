"""The pre-activation residual block: normalization and activation come before each convolution."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Boolean, Choice, Integer


def preactivation_block(
    inputs,
    filters,
    kernel_size=3,
    strides=1,
    bottleneck=False,
    activation="relu",
    name="preactivation_block",
):
    """Add what convolutions of an image or a sequence find to the untouched input.

    With ``bottleneck`` there are three convolutions, and ``4 * filters`` channels come out. Where
    the shape changes, the shortcut is a convolution of size 1 of the activated input.

    Reference: He et al., Identity Mappings in Deep Residual Networks (2016), figure 4e.
    """
    convolution = layers.Conv2D if len(inputs.shape) == 4 else layers.Conv1D
    # Width, window and strides of each convolution.
    plan = [(filters, kernel_size, strides), (filters, kernel_size, 1)]
    if bottleneck:
        plan = [(filters, 1, 1), (filters, kernel_size, strides), (4 * filters, 1, 1)]
    x, shortcut = inputs, inputs
    for number, (width, window, step) in enumerate(plan, start=1):
        x = layers.BatchNormalization(name=f"{name}_norm_{number}")(x)
        x = layers.Activation(activation, name=f"{name}_activation_{number}")(x)
        if number == 1 and (strides != 1 or inputs.shape[-1] != plan[-1][0]):
            shortcut = convolution(plan[-1][0], 1, strides, name=f"{name}_shortcut")(x)
        # The last convolution has a bias, since no normalization follows it here.
        x = convolution(
            width,
            window,
            step,
            padding="same",
            use_bias=number == len(plan),
            name=f"{name}_conv_{number}",
        )(x)
    return layers.Add(name=f"{name}_add")([x, shortcut])


BLOCKS = (
    declare(
        "preactivation_block.v1",
        preactivation_block,
        sources=(preactivation_block,),
        label="Pre-activation block",
        category="Composite",
        summary="A residual block whose shortcut is left untouched, so that very deep models train. Put a "
        "normalization and an activation after the last one. For images and sequences.",
        formula="y = conv(f(norm(conv(f(norm(x)))))) + x, f(norm(x)) projected if shapes differ",
        reference="He et al., Identity Mappings in Deep Residual Networks (2016)",
        inputs=(Port("input", ("image", "sequence")),),
        settings={
            "filters": common.FILTERS,
            "kernel_size": Setting(
                Integer(1, 64), "Width of the sliding window, in pixels or steps. The border is padded."
            ),
            "strides": Setting(
                Integer(1, 64), "How far the sliding window moves each time. 2 halves the size."
            ),
            "bottleneck": Setting(
                Boolean(),
                "Make the channels few for the wide convolution, and four times as many after it.",
                why="The basic block suits models of up to about 34 layers.",
            ),
            "activation": Setting(Choice(common.ACTIVATIONS), "The function f before each convolution."),
        },
    ),
)
