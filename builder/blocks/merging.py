"""Blocks that join two or more branches."""

from __future__ import annotations

from typing import Any

from keras import layers

from builder.blocks.base import FLOAT_FLOWS, Block, Port, Setting
from builder.blocks.derive import primitive
from builder.params import Boolean, Either, Integer, IntegerList

_INPUTS = (Port("inputs", FLOAT_FLOWS, variadic=True),)


def _merging(
    layer: Any, picture: str, summary: str, formula: str, reference: str = "", **settings: Any
) -> Block:
    return primitive(
        layer,
        category="Merging",
        summary=summary,
        formula=formula,
        reference=reference,
        inputs=_INPUTS,
        picture=picture,
        settings=settings,
    )


BLOCKS = (
    _merging(
        layers.Add,
        "add",
        "Adds tensors of the same shape, value by value: the shortcut of residual networks.",
        "y = x₁ + x₂ + …",
        "He et al., Deep Residual Learning for Image Recognition (2015)",
    ),
    _merging(
        layers.Concatenate,
        "concatenate",
        "Puts tensors side by side. All sizes but the joined one must agree.",
        "y = [x₁, x₂, …]",
        "Huang et al., Densely Connected Convolutional Networks (2017)",
        axis=Setting(
            Integer(-7, 7),
            "The direction in which they are joined; -1 joins the features or channels.",
            advanced=True,
        ),
    ),
    _merging(
        layers.Multiply,
        "multiply",
        "Multiplies tensors of the same shape, value by value: one branch opens or closes the other.",
        "y = x₁·x₂·…",
        "Dauphin et al., Language Modeling with Gated Convolutional Networks (2017)",
    ),
    _merging(
        layers.Subtract,
        "add",
        "Subtracts the second tensor from the first, value by value. Connect exactly two.",
        "y = x₁ − x₂",
    ),
    _merging(layers.Average, "add", "The mean of tensors of the same shape.", "y = (x₁ + x₂ + …) / n"),
    _merging(
        layers.Maximum,
        "add",
        "The larger value at every place of tensors of the same shape.",
        "y = max(x₁, x₂, …)",
        "Goodfellow et al., Maxout Networks (2013)",
    ),
    _merging(
        layers.Minimum,
        "add",
        "The smaller value at every place of tensors of the same shape.",
        "y = min(x₁, x₂, …)",
    ),
    _merging(
        layers.Dot,
        "dot",
        "The product of two tensors along an axis: how alike two vectors are. Connect exactly two.",
        "y = Σᵢ x₁[…, i]·x₂[…, i]",
        axes=Setting(
            Either((Integer(-7, 7), IntegerList(2, 2, minimum=-7))),
            "The axis that is summed up, or one for each of both tensors.",
            default=-1,
            why="-1 compares the features, whatever comes before them.",
        ),
        normalize=Setting(
            Boolean(), "Give both vectors the length 1 first: the result is the cosine between them."
        ),
    ),
)
