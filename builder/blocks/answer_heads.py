"""Heads for answers that are no class and no number: labels, ranks, counts, and the input itself."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.blocks.cumulative_link import CumulativeLink
from builder.params import Choice, Float, Integer, Optional

_VECTOR = (Port("input", ("vector",)),)
_HIDDEN_UNITS = Setting(
    Optional(Integer(1, 65_536)), "Width of a dense relu layer before the last one. Empty means none."
)


def _units(help, why):
    return Setting(Integer(1, 65_536), help, default="auto", why=why, auto=True, advanced=True)


def before_head(inputs, hidden_units, dropout, name):
    """Return the inputs after a dense layer and dropout, where these are wanted."""
    x = inputs
    if hidden_units:
        x = layers.Dense(hidden_units, "relu", name=f"{name}_hidden")(x)
    if dropout:
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return x


def multi_label_head(inputs, units, hidden_units=None, dropout=0.0, name="output"):
    """Return a probability for each label by itself; they need not add up to 1.

    Reference: Bishop, Pattern Recognition and Machine Learning (2006), section 5.2.
    """
    x = before_head(inputs, hidden_units, dropout, name)
    return layers.Dense(units, "sigmoid", name=name)(x)


def ordinal_head(inputs, units, hidden_units=None, dropout=0.0, name="output"):
    """Return the probability of each of several ordered classes, from one number and learned thresholds.

    Reference: McCullagh, Regression Models for Ordinal Data (1980); Cao et al., Rank consistent ordinal
    regression (2020), for neural networks.
    """
    x = before_head(inputs, hidden_units, dropout, name)
    x = layers.Dense(1, use_bias=False, name=f"{name}_rank")(x)
    return CumulativeLink(units, name=name)(x)


def count_head(
    inputs, units=1, activation="exponential", mean=1.0, hidden_units=None, dropout=0.0, name="output"
):
    """Return the expected count, always above 0; before training it is the mean.

    Reference: Nelder and Wedderburn, Generalized Linear Models (1972).
    """
    x = before_head(inputs, hidden_units, dropout, name)
    start = np.log(mean) if activation == "exponential" else mean + np.log(-np.expm1(-mean))
    bias = keras.initializers.Constant(float(start))
    return layers.Dense(units, activation, bias_initializer=bias, name=name)(x)


def reconstruction_head(inputs, units, activation="linear", name="output"):
    """Return what the model was given: the features of a row, or a picture of the size of its input.

    Reference: Hinton and Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks (2006).
    """
    if len(inputs.shape) == 4:
        return layers.Conv2D(units, 3, padding="same", activation=activation, name=name)(inputs)
    return layers.Dense(units, activation, name=name)(inputs)


BLOCKS = (
    declare(
        "multi_label_head.v1",
        multi_label_head,
        sources=(before_head, multi_label_head),
        label="Multi-label head",
        category="Head",
        summary="The last block where any number of labels may be right: one probability for each.",
        formula="p[k] = 1 / (1 + exp(−z[k])),  z = x·W + b",
        reference="Bishop, Pattern Recognition and Machine Learning (2006), section 5.2",
        inputs=_VECTOR,
        automatic={"units": "label_units"},
        settings={
            "units": _units("Number of labels. 'auto' makes one a label.", "The data know the labels."),
            "hidden_units": _HIDDEN_UNITS,
            "dropout": common.HEAD_DROPOUT,
        },
    ),
    declare(
        "ordinal_head.v1",
        ordinal_head,
        sources=(CumulativeLink, before_head, ordinal_head),
        label="Ordinal head",
        category="Head",
        summary="The last block where the classes have an order: one number, cut by learned thresholds.",
        formula="P(y > k) = 1 / (1 + exp(t[k] − x·w)),  t[0] < t[1] < …",
        reference="McCullagh, Regression Models for Ordinal Data (1980)",
        inputs=_VECTOR,
        automatic={"units": "label_units"},
        settings={
            "units": _units("Number of ordered classes. 'auto' makes one a class.", "The data know them."),
            "hidden_units": _HIDDEN_UNITS,
            "dropout": common.HEAD_DROPOUT,
        },
    ),
    declare(
        "count_head.v1",
        count_head,
        sources=(before_head, count_head),
        label="Count head",
        category="Head",
        summary="The last block where something is counted: the expected count, never below 0.",
        formula="y = exp(x·W + b)",
        reference="Nelder and Wedderburn, Generalized Linear Models (1972)",
        inputs=_VECTOR,
        automatic={"units": "target_units", "mean": "count_mean"},
        settings={
            "units": _units("Number of outputs. 'auto' makes one.", "The data have one target."),
            "activation": Setting(
                Choice(("exponential", "softplus")),
                "Exponential: what influences the count multiplies it. Softplus: it adds to it.",
            ),
            "mean": Setting(
                Float(0, minimum_open=True),
                "What the head gives before training. 'auto' takes the target's mean.",
                default="auto",
                why="The model then starts at the mean.",
                auto=True,
                advanced=True,
            ),
            "hidden_units": _HIDDEN_UNITS,
            "dropout": common.HEAD_DROPOUT,
        },
    ),
    declare(
        "reconstruction_head.v1",
        reconstruction_head,
        sources=(reconstruction_head,),
        label="Reconstruction head",
        category="Head",
        summary="The last block of an autoencoder: gives back the row or the picture that came in.",
        formula="x̂ = x·W + b",
        reference="Hinton and Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks (2006)",
        inputs=(Port("input", ("vector", "image")),),
        automatic={"units": "target_units", "activation": "given_back"},
        settings={
            "units": _units(
                "Number of features or channels. 'auto' takes the input's.", "The data know them."
            ),
            "activation": Setting(
                Choice(common.ACTIVATIONS),
                "'auto' is sigmoid for pictures, whose pixels are 0 to 1, and linear for tables.",
                default="auto",
                why="What is given back has the range of what came in.",
                auto=True,
                advanced=True,
            ),
        },
    ),
)
