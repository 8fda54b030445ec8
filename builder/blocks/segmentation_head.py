"""The head of a model that puts every pixel into a class."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Integer


def segmentation_head(inputs, units, activation="softmax", upsampling=1, dropout=0.0, name="output"):
    """Return one probability a class for every pixel, by a convolution of size 1.

    ``upsampling`` is the factor by which the image was shrunk before.

    Reference: Long, Shelhamer & Darrell, Fully Convolutional Networks (2015), section 3.
    """
    x = layers.Dropout(dropout, name=f"{name}_dropout")(inputs) if dropout else inputs
    if upsampling == 1:
        return layers.Conv2D(units, 1, activation=activation, name=name)(x)
    x = layers.Conv2D(units, 1, name=f"{name}_scores")(x)
    x = layers.UpSampling2D(upsampling, interpolation="bilinear", name=f"{name}_upsample")(x)
    return layers.Activation(activation, name=name)(x)


BLOCKS = (
    declare(
        "segmentation_head.v1",
        segmentation_head,
        sources=(segmentation_head,),
        label="Segmentation head",
        category="Head",
        summary="The last block of a model that puts every pixel of an image into a class.",
        formula="p[i,j,k] = exp(z[i,j,k]) / Σₘ exp(z[i,j,m]),  z = conv₁ₓ₁(x)",
        reference="Long, Shelhamer & Darrell, Fully Convolutional Networks for Semantic Segmentation (2015)",
        inputs=(Port("input", ("image",)),),
        automatic={"units": "class_units", "activation": "class_activation"},
        settings={
            "units": common.class_units(),
            "activation": common.CLASS_ACTIVATION,
            "upsampling": Setting(
                Integer(1, 64),
                "How many times larger the answer is than what arrives: the factor that poolings took.",
                why="A U-Net ends at full size.",
            ),
            "dropout": common.HEAD_DROPOUT,
        },
    ),
)
