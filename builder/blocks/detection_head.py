"""The head of a model that finds things on pictures in one pass."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

import keras
from keras import layers

from builder.blocks.base import Port, Setting, declare
from builder.params import Integer, Optional


def detection_head(inputs, classes, filters=64, name="output"):
    """Return, for every cell of a grid, one score a class and the distances to the sides of a box.

    The scores say how sure it is that the middle of a thing lies in the cell; the distances from the cell's
    middle to the left, top, right and bottom side are shares of the picture's size. All are between 0 and 1,
    and begin near 0.1, so that the many empty cells do not drown the few others (Lin et al., 2017).

    Reference: Liu et al., Training-Time-Friendly Network for Real-Time Object Detection (2020), section 3.
    """
    x = inputs
    if filters:
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"{name}_hidden")(x)
    begin = keras.initializers.Constant(-2.19)
    return layers.Conv2D(classes + 4, 1, activation="sigmoid", bias_initializer=begin, name=name)(x)


BLOCKS = (
    declare(
        "detection_head.v1",
        detection_head,
        sources=(detection_head,),
        label="Detection head",
        category="Head",
        summary="The last block of a model that finds things on pictures: for every cell of the grid that "
        "arrives, one score a class and the four sides of a box. Cells of 4 to 8 pixels suit small things.",
        formula="p[i,j,k] = σ(z[i,j,k]);  box = (x − d₁, y − d₂, x + d₃, y + d₄),  d = σ(z[i,j,K+1…K+4])",
        reference="Liu et al., Training-Time-Friendly Network for Real-Time Object Detection (2020)",
        inputs=(Port("input", ("image",)),),
        automatic={"classes": "class_units"},
        settings={
            "classes": Setting(
                Integer(1, 1_000),
                "Number of kinds of things. 'auto' takes it from the data.",
                default="auto",
                why="The data know the number of classes.",
                auto=True,
                advanced=True,
            ),
            "filters": Setting(
                Optional(Integer(1, 4_096)),
                "Channels of a convolution before the last one. Empty means none.",
                why="One convolution that looks at the neighboring cells.",
            ),
        },
    ),
)
