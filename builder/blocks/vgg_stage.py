"""A stage of VGG: convolutions of one width, then a pooling."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.blocks.stacked_convolutions import stacked_convolutions
from builder.params import Choice, Integer


def vgg_stage(
    inputs,
    filters,
    depth=2,
    kernel_size=3,
    normalization="none",
    activation="relu",
    pool="max",
    name="vgg_stage",
):
    """Convolve an image or a sequence several times, then halve its size.

    Reference: Simonyan & Zisserman, Very Deep Convolutional Networks (2015), table 1.
    """
    is_image = len(inputs.shape) == 4
    x = stacked_convolutions(inputs, filters, depth, kernel_size, normalization, activation, name)
    if pool == "max":
        x = (layers.MaxPooling2D if is_image else layers.MaxPooling1D)(2, name=f"{name}_pool")(x)
    elif pool == "average":
        x = (layers.AveragePooling2D if is_image else layers.AveragePooling1D)(2, name=f"{name}_pool")(x)
    return x


BLOCKS = (
    declare(
        "vgg_stage.v1",
        vgg_stage,
        sources=(stacked_convolutions, vgg_stage),
        label="VGG stage",
        category="Composite",
        summary="Several small convolutions of one width, then a pooling that halves the size. Double the "
        "filters from stage to stage. For images and sequences.",
        formula="y = pool(f(conv(… f(conv(x)))))",
        reference="Simonyan & Zisserman, Very Deep Convolutional Networks for Large-Scale Image "
        "Recognition (2015)",
        inputs=(Port("input", ("image", "sequence")),),
        settings={
            "filters": common.FILTERS,
            "depth": Setting(
                Integer(1, 16), "Number of convolutions.", why="VGG's first stages have 2, its later ones 3."
            ),
            "kernel_size": Setting(
                Integer(1, 64),
                "Width of the sliding window, in pixels or steps. The border is padded.",
                why="Two windows of 3 see as far as one of 5, with fewer weights.",
            ),
            "normalization": Setting(
                Choice(("none", "batch")),
                "'batch' normalizes after each convolution, which lets deep models train.",
                why="The article has none; it came before batch normalization.",
            ),
            "activation": Setting(Choice(common.ACTIVATIONS), "The function f after each convolution."),
            "pool": Setting(Choice(("max", "average", "none")), "How the size is halved; 'none' keeps it."),
        },
    ),
)
