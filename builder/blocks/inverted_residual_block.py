"""The inverted residual block of MobileNetV2: widen, filter, narrow, and a shortcut."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Choice, Integer


def inverted_residual_block(
    inputs,
    filters,
    kernel_size=3,
    strides=1,
    expansion=6,
    activation="relu6",
    momentum=0.9,
    name="inverted_residual_block",
):
    """Widen an image or a sequence, filter each channel by itself, and narrow it without activation.

    The input is added where the shape stays.

    Reference: Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks (2018), table 1.
    """
    is_image = len(inputs.shape) == 4
    convolution = layers.Conv2D if is_image else layers.Conv1D
    x = inputs
    if expansion != 1:
        x = convolution(expansion * inputs.shape[-1], 1, use_bias=False, name=f"{name}_expand")(x)
        x = layers.BatchNormalization(momentum=momentum, name=f"{name}_expand_norm")(x)
        x = layers.Activation(activation, name=f"{name}_expand_activation")(x)
    x = (layers.DepthwiseConv2D if is_image else layers.DepthwiseConv1D)(
        kernel_size, strides, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(x)
    x = layers.BatchNormalization(momentum=momentum, name=f"{name}_depthwise_norm")(x)
    x = layers.Activation(activation, name=f"{name}_depthwise_activation")(x)
    x = convolution(filters, 1, use_bias=False, name=f"{name}_project")(x)
    x = layers.BatchNormalization(momentum=momentum, name=f"{name}_project_norm")(x)
    if strides == 1 and inputs.shape[-1] == filters:
        x = layers.Add(name=f"{name}_add")([inputs, x])
    return x


BLOCKS = (
    declare(
        "inverted_residual_block.v1",
        inverted_residual_block,
        sources=(inverted_residual_block,),
        label="Inverted residual block",
        category="Composite",
        summary="Works on many channels but passes few on, with a shortcut where the shape stays: few "
        "weights and little memory, for small devices. For images and sequences.",
        formula="y = norm(conv₁ₓ₁(f(norm(depthwise(f(norm(conv₁ₓ₁(x)))))))) + x, without x if shapes differ",
        reference="Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks (2018)",
        inputs=(Port("input", ("image", "sequence")),),
        settings={
            "filters": common.FILTERS,
            "kernel_size": Setting(
                Integer(1, 64), "Width of the sliding window, in pixels or steps. The border is padded."
            ),
            "strides": Setting(
                Integer(1, 64), "How far the sliding window moves each time. 2 halves the size."
            ),
            "expansion": Setting(
                Integer(1, 64),
                "How many times more channels there are inside than come in. 1 leaves the widening out.",
                why="6 is the article's value.",
            ),
            "activation": Setting(
                Choice(common.ACTIVATIONS),
                "The function f inside the block.",
                why="relu6 stays between 0 and 6, which loses little in 8-bit arithmetic.",
            ),
            "momentum": common.NORMALIZATION_MOMENTUM,
        },
    ),
)
