"""Attention: every position looks at the positions that matter to it."""

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Boolean, Integer

NUM_HEADS = Setting(
    Integer(1, 256),
    "How many attentions run side by side, each with its own view.",
    default=4,
    why="4 suits widths of 32 to 128.",
)

BLOCKS = (
    declare(
        "multi_head_attention.v1",
        layers.MultiHeadAttention,
        label="Multi-head attention",
        category="Attention",
        summary="Every position of the query gathers what it needs from all positions of the value. "
        "Connect the same sequence to both for self-attention.",
        formula="softmax(Q·Kᵀ / √key_dim)·V in each head, then joined by W",
        reference="Vaswani et al., Attention Is All You Need (2017)",
        inputs=(Port("query", ("sequence",)), Port("value", ("sequence",))),
        when_called=("use_causal_mask",),
        settings={
            "num_heads": NUM_HEADS,
            "key_dim": Setting(
                Integer(1, 2048),
                "Size of each head's vectors; often the sequence's features divided by the heads.",
                default=16,
                why="16 times 4 heads makes 64, the default width of an embedding here.",
            ),
            "dropout": Setting(common.SHARE, "Share of the attention set to zero while training."),
            "use_causal_mask": Setting(
                Boolean(),
                "Let each position look only at itself and what came before, as when predicting text.",
                default=False,
                why="A Keras call argument, off by default; reading whole texts needs both sides.",
            ),
        },
    ),
)
