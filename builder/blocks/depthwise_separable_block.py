"""The depthwise-separable block of MobileNet: space first, then channels."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Choice, Integer


def depthwise_separable_block(
    inputs,
    filters,
    kernel_size=3,
    strides=1,
    activation="relu6",
    momentum=0.9,
    name="depthwise_separable_block",
):
    """Filter each channel of an image or a sequence by itself, then mix the channels.

    Reference: Howard et al., MobileNets (2017), figure 3.
    """
    is_image = len(inputs.shape) == 4
    x = (layers.DepthwiseConv2D if is_image else layers.DepthwiseConv1D)(
        kernel_size, strides, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(inputs)
    x = layers.BatchNormalization(momentum=momentum, name=f"{name}_depthwise_norm")(x)
    x = layers.Activation(activation, name=f"{name}_depthwise_activation")(x)
    x = (layers.Conv2D if is_image else layers.Conv1D)(filters, 1, use_bias=False, name=f"{name}_pointwise")(
        x
    )
    x = layers.BatchNormalization(momentum=momentum, name=f"{name}_pointwise_norm")(x)
    return layers.Activation(activation, name=f"{name}_pointwise_activation")(x)


BLOCKS = (
    declare(
        "depthwise_separable_block.v1",
        depthwise_separable_block,
        sources=(depthwise_separable_block,),
        label="Depthwise-separable block",
        category="Composite",
        summary="A convolution at an eighth of the cost: each channel is filtered by itself, then the "
        "channels are mixed. For images and sequences, and for small devices.",
        formula="y = f(norm(conv₁ₓ₁(f(norm(depthwise(x))))))",
        reference="Howard et al., MobileNets: Efficient Convolutional Neural Networks for Mobile Vision "
        "Applications (2017)",
        inputs=(Port("input", ("image", "sequence")),),
        settings={
            "filters": common.FILTERS,
            "kernel_size": Setting(
                Integer(1, 64), "Width of the sliding window, in pixels or steps. The border is padded."
            ),
            "strides": Setting(
                Integer(1, 64), "How far the sliding window moves each time. 2 halves the size."
            ),
            "activation": Setting(
                Choice(common.ACTIVATIONS),
                "The function f after both convolutions.",
                why="relu6 stays between 0 and 6, which loses little in 8-bit arithmetic.",
            ),
            "momentum": common.NORMALIZATION_MOMENTUM,
        },
    ),
)
