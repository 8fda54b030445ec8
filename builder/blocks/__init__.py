"""The blocks: every kind that a model can be assembled from, declared once."""

from __future__ import annotations

from builder.blocks import (
    attention,
    convolution,
    convolution_block,
    core,
    heads,
    lstm_stack,
    merging,
    normalization,
    pooling,
    positional,
    recurrent,
    residual_block,
    transformer_encoder,
)
from builder.blocks.base import Block

_FAMILIES = (
    core,
    convolution,
    pooling,
    normalization,
    recurrent,
    attention,
    positional,
    merging,
    convolution_block,
    residual_block,
    transformer_encoder,
    lstm_stack,
    heads,
)
_REGISTRY = {block.kind: block for family in _FAMILIES for block in family.BLOCKS}


def registry() -> dict[str, Block]:
    """Return every block by its kind, such as ``"dense.v1"``, in the catalogue's order."""
    return dict(_REGISTRY)
