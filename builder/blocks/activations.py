"""Activations with settings of their own, as layers; the plain ones are a parameter of every other layer."""

from __future__ import annotations

from typing import Any

from keras import layers

from builder.blocks.base import FLOAT_FLOWS, Block, Port, Setting
from builder.blocks.derive import primitive
from builder.blocks.keras_objects import INITIALIZER
from builder.params import Float, IntegerList, Optional


def _activation(
    layer: Any, kind: str, label: str, summary: str, formula: str, reference: str, **settings: Any
) -> Block:
    return primitive(
        layer,
        kind=kind,
        label=label,
        category="Activation",
        summary=summary,
        formula=formula,
        reference=reference,
        inputs=(Port("input", FLOAT_FLOWS),),
        picture="softmax" if layer is layers.Softmax else "activation",
        settings=settings,
    )


BLOCKS = (
    _activation(
        layers.ReLU,
        "relu.v1",
        "ReLU",
        "Keeps positive values and sets negative ones to zero, with a limit and a slope if you like.",
        "y = max(0, x)",
        "Nair & Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines (2010)",
        max_value=Setting(Optional(Float(0)), "The largest value that comes out. Empty means no limit."),
        threshold=Setting(Float(0), "Values below this one count as negative.", advanced=True),
    ),
    _activation(
        layers.LeakyReLU,
        "leaky_relu.v1",
        "Leaky ReLU",
        "Like relu, but negative values keep a small slope, so that no unit falls silent for ever.",
        "y = x if x ≥ 0 else negative_slope·x",
        "Maas, Hannun & Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models (2013)",
    ),
    _activation(
        layers.PReLU,
        "prelu.v1",
        "PReLU",
        "Like leaky ReLU with slopes that are learned.",
        "y = x if x ≥ 0 else α·x, α learned",
        "He et al., Delving Deep into Rectifiers (2015)",
        alpha_initializer=Setting(
            INITIALIZER,
            "How the slopes start.",
            default="zeros",
            why="Keras writes it 'Zeros'.",
            advanced=True,
        ),
        shared_axes=Setting(
            IntegerList(1, 6), "Axes along which one slope is shared: 1, 2 gives one a channel of an image."
        ),
    ),
    _activation(
        layers.ELU,
        "elu.v1",
        "ELU",
        "Like relu, but negative values run out in a curve, which brings the mean nearer to zero.",
        "y = x if x ≥ 0 else α·(eˣ − 1)",
        "Clevert, Unterthiner & Hochreiter, Fast and Accurate Deep Network Learning by ELUs (2016)",
    ),
    _activation(
        layers.Softmax,
        "softmax.v1",
        "Softmax",
        "Turns scores into probabilities that add up to 1.",
        "y[k] = exp(x[k]) / Σⱼ exp(x[j])",
        "Bridle, Probabilistic Interpretation of Feedforward Classification Network Outputs (1990)",
    ),
)
