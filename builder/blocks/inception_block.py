"""The Inception block: four branches of different reach, side by side."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Choice, Integer


def inception_block(
    inputs,
    filters_1=16,
    reduce_3=24,
    filters_3=32,
    reduce_5=4,
    filters_5=8,
    filters_pool=8,
    normalization="none",
    activation="relu",
    name="inception_block",
):
    """Look at an image or a sequence through windows of 1, 3 and 5 and a pooling, side by side.

    Reference: Szegedy et al., Going Deeper with Convolutions (2015), figure 2b.
    """
    is_image = len(inputs.shape) == 4

    def convolved(x, filters, window, part):
        convolution = layers.Conv2D if is_image else layers.Conv1D
        has_norm = normalization == "batch"
        x = convolution(filters, window, padding="same", use_bias=not has_norm, name=f"{name}_{part}_conv")(x)
        if has_norm:
            x = layers.BatchNormalization(name=f"{name}_{part}_norm")(x)
        return layers.Activation(activation, name=f"{name}_{part}_activation")(x)

    pooling = layers.MaxPooling2D if is_image else layers.MaxPooling1D
    pooled = pooling(3, strides=1, padding="same", name=f"{name}_pool")(inputs)
    branches = [
        convolved(inputs, filters_1, 1, "branch_1"),
        convolved(convolved(inputs, reduce_3, 1, "reduce_3"), filters_3, 3, "branch_3"),
        convolved(convolved(inputs, reduce_5, 1, "reduce_5"), filters_5, 5, "branch_5"),
        convolved(pooled, filters_pool, 1, "branch_pool"),
    ]
    return layers.Concatenate(name=f"{name}_concatenate")(branches)


def _width(help_text: str, default: int) -> Setting:
    why = f"The article's first block has {4 * default}; a quarter of it suits small images."
    return Setting(Integer(1, 4096), help_text, why=why)


BLOCKS = (
    declare(
        "inception_block.v1",
        inception_block,
        sources=(inception_block,),
        label="Inception block",
        category="Composite",
        summary="Small, middle and large windows and a pooling look at the same input side by side, and "
        "the model learns which helps. For images and sequences.",
        formula="y = [conv₁(x), conv₃(conv₁(x)), conv₅(conv₁(x)), conv₁(pool₃(x))]",
        reference="Szegedy et al., Going Deeper with Convolutions (2015)",
        inputs=(Port("input", ("image", "sequence")),),
        settings={
            "filters_1": _width("Channels that the window of 1 gives.", 16),
            "reduce_3": _width("Channels left for the window of 3 to read.", 24),
            "filters_3": _width("Channels that the window of 3 gives.", 32),
            "reduce_5": _width("Channels left for the window of 5 to read.", 4),
            "filters_5": _width("Channels that the window of 5 gives.", 8),
            "filters_pool": _width("Channels that the pooled branch gives.", 8),
            "normalization": Setting(
                Choice(("none", "batch")),
                "'batch' normalizes after each convolution, as later Inceptions do.",
                why="The article has none.",
            ),
            "activation": Setting(Choice(common.ACTIVATIONS), "The function after each convolution."),
        },
    ),
)
