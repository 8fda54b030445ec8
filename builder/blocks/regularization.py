"""Regularization: blocks that disturb a model while it trains, so that it does not learn by heart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras import layers

from builder.blocks.base import FLOAT_FLOWS, Block, Port, Setting, plain_arguments
from builder.blocks.derive import FLOW_BY_AXES, axes_of, primitive
from builder.params import Float


def _regularization(
    layer: Any, summary: str, formula: str, reference: str, picture: str = "dropout", **settings: Any
) -> Block:
    flows = (FLOW_BY_AXES[axes_of(layer)],) if axes_of(layer) else FLOAT_FLOWS
    return primitive(
        layer,
        category="Regularization",
        summary=summary,
        formula=formula,
        reference=reference,
        inputs=(Port("input", flows),),
        picture=picture,
        settings=settings,
        arguments=_with_noise_shape,
    )


def _with_noise_shape(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the arguments with None for the axes along which the noise follows the input."""
    arguments = plain_arguments(values)
    noise = arguments.get("noise_shape")
    if noise is not None:
        arguments["noise_shape"] = tuple(None if size == -1 else size for size in noise)
    return arguments


_SPATIAL = "Tompson et al., Efficient Object Localization Using Convolutional Networks (2015)"
_NOISE = "Srivastava et al., Dropout: A Simple Way to Prevent Overfitting (2014), section 10"

BLOCKS = (
    _regularization(
        layers.Dropout,
        "Sets random values to zero while training, so that the model does not lean on single values. Does "
        "nothing when predicting.",
        "y = x·m / (1 − rate), where m is 0 with probability rate, else 1",
        "Srivastava et al., Dropout: A Simple Way to Prevent Overfitting (2014)",
    ),
    *(
        _regularization(
            layer,
            f"Sets whole {what} to zero while training, since neighbors tell the same.",
            "y = x·m / (1 − rate), with one m for each channel",
            _SPATIAL,
        )
        for layer, what in (
            (layers.SpatialDropout1D, "features of a sequence"),
            (layers.SpatialDropout2D, "channels of an image"),
            (layers.SpatialDropout3D, "channels of a volume"),
        )
    ),
    _regularization(
        layers.GaussianDropout,
        "Multiplies every value by a random number around 1 while training.",
        "y = x·m, m normal with mean 1 and variance rate / (1 − rate)",
        _NOISE,
    ),
    _regularization(
        layers.AlphaDropout,
        "Dropout that keeps mean and variance, for models with the activation selu.",
        "y = a·(x·m + α′·(1 − m)) + b",
        "Klambauer et al., Self-Normalizing Neural Networks (2017)",
    ),
    _regularization(
        layers.GaussianNoise,
        "Adds random noise to every value while training.",
        "y = x + n, n normal with mean 0",
        "Bishop, Training with Noise is Equivalent to Tikhonov Regularization (1995)",
        picture="noise",
        stddev=Setting(
            Float(0),
            "Standard deviation of the noise.",
            default=0.1,
            why="A tenth of the spread that normalized values have.",
        ),
    ),
    _regularization(
        layers.ActivityRegularization,
        "Hands its input on, and adds a penalty on large values to the loss.",
        "y = x;  loss += l1·Σ|x| + l2·Σx²",
        "Glorot, Bordes & Bengio, Deep Sparse Rectifier Neural Networks (2011)",
        picture="identity",
        l1=Setting(Float(0), "Strength of the penalty on absolute values, which makes many of them zero."),
        l2=Setting(Float(0), "Strength of the penalty on squares, which keeps them small."),
    ),
)
