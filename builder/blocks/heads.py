"""Heads: the last block of a model, which speaks the task's language."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Float, Integer, Optional

_VECTOR = (Port("input", ("vector",)),)
_HIDDEN_UNITS = Setting(
    Optional(Integer(1, 65_536)),
    "Width of a dense relu layer before the last one. Empty means none.",
)


def classification_head(inputs, units, activation="softmax", hidden_units=None, dropout=0.0, name="output"):
    """Return one probability a class (or one in all, for two classes and "sigmoid").

    Reference: Bridle, Probabilistic Interpretation of Feedforward Classification Network Outputs (1990).
    """
    x = inputs
    if hidden_units:
        x = layers.Dense(hidden_units, "relu", name=f"{name}_hidden")(x)
    if dropout:
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return layers.Dense(units, activation, name=name)(x)


def regression_head(inputs, units=1, scale=1.0, offset=0.0, hidden_units=None, dropout=0.0, name="output"):
    """Return a number in the target's own unit: ``scale`` and ``offset`` bring it there.

    Reference: Bishop, Pattern Recognition and Machine Learning (2006), section 5.2.
    """
    x = inputs
    if hidden_units:
        x = layers.Dense(hidden_units, "relu", name=f"{name}_hidden")(x)
    if dropout:
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    x = layers.Dense(units, name=f"{name}_dense")(x)
    return layers.Rescaling(scale, offset, name=name)(x)


BLOCKS = (
    declare(
        "classification_head.v1",
        classification_head,
        sources=(classification_head,),
        label="Classification head",
        category="Head",
        summary="The last block of a classifier: one probability a class.",
        formula="p[k] = exp(z[k]) / Σⱼ exp(z[j]),  z = x·W + b",
        reference="Bridle, Probabilistic Interpretation of Feedforward Classification Network Outputs (1990)",
        inputs=_VECTOR,
        automatic={"units": "class_units", "activation": "class_activation"},
        settings={
            "units": common.class_units(
                "Number of outputs. 'auto' makes one a class (one in all for two classes with 'sigmoid')."
            ),
            "activation": common.CLASS_ACTIVATION,
            "hidden_units": _HIDDEN_UNITS,
            "dropout": common.HEAD_DROPOUT,
        },
    ),
    declare(
        "regression_head.v1",
        regression_head,
        sources=(regression_head,),
        label="Regression head",
        category="Head",
        summary="The last block of a regression: a number in the target's own unit.",
        formula="y = (x·W + b)·scale + offset",
        reference="Bishop, Pattern Recognition and Machine Learning (2006), section 5.2",
        inputs=_VECTOR,
        automatic={"units": "target_units", "scale": "target_deviation", "offset": "target_mean"},
        settings={
            "units": Setting(
                Integer(1, 65_536),
                "Number of outputs. 'auto' makes one.",
                default="auto",
                why="The data have one target.",
                auto=True,
                advanced=True,
            ),
            "scale": Setting(
                Float(),
                "Factor from inner numbers to the target's unit. 'auto' takes the target's spread.",
                default="auto",
                why="Inside the model numbers near 1 train best, whatever the target's unit.",
                auto=True,
                advanced=True,
            ),
            "offset": Setting(
                Float(),
                "Added at the end. 'auto' takes the target's mean.",
                default="auto",
                why="The model then starts at the mean.",
                auto=True,
                advanced=True,
            ),
            "hidden_units": _HIDDEN_UNITS,
            "dropout": common.HEAD_DROPOUT,
        },
    ),
)
