"""Blocks that join two or more branches."""

from __future__ import annotations

from typing import Any

from keras import layers

from builder.blocks.base import FLOAT_FLOWS, Block, Port, Setting, declare
from builder.params import Integer

_INPUTS = (Port("inputs", FLOAT_FLOWS, variadic=True),)


def _elementwise(kind: str, layer: Any, summary: str, formula: str, reference: str) -> Block:
    return declare(
        kind,
        layer,
        label=layer.__name__,
        category="Merging",
        summary=summary,
        formula=formula,
        reference=reference,
        inputs=_INPUTS,
        settings={},
    )


BLOCKS = (
    _elementwise(
        "add.v1",
        layers.Add,
        "Adds tensors of the same shape, value by value: the shortcut of residual networks.",
        "y = x₁ + x₂ + …",
        "He et al., Deep Residual Learning for Image Recognition (2015)",
    ),
    declare(
        "concatenate.v1",
        layers.Concatenate,
        label="Concatenate",
        category="Merging",
        summary="Puts tensors side by side. All sizes but the joined one must agree.",
        formula="y = [x₁, x₂, …]",
        reference="Huang et al., Densely Connected Convolutional Networks (2017)",
        inputs=_INPUTS,
        settings={
            "axis": Setting(
                Integer(-3, 3),
                "The direction in which they are joined; -1 joins the features or channels.",
                advanced=True,
            )
        },
    ),
    _elementwise(
        "multiply.v1",
        layers.Multiply,
        "Multiplies tensors of the same shape, value by value: one branch opens or closes the other.",
        "y = x₁·x₂·…",
        "Dauphin et al., Language Modeling with Gated Convolutional Networks (2017)",
    ),
)
