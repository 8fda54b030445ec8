"""Attention with its shortcut and normalization: of a sequence to itself, or to another one."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.attention import NUM_HEADS
from builder.blocks.base import Port, Setting, declare
from builder.params import Boolean, Choice, Integer

KEY_DIM = Setting(
    Integer(1, 2048),
    "Size of each head's vectors; often the sequence's features divided by the heads.",
    default=16,
    why="16 times 4 heads makes 64, the default width of an embedding here.",
)
NORMALIZATION = Setting(
    Choice(("post", "pre", "none")),
    "Where the normalization is: 'post' the shortcut as in the article, or 'pre' the block, which trains "
    "more steadily when many are stacked.",
    why="The article's order; see Xiong et al. (2020) for 'pre'.",
    advanced=True,
)
RESIDUAL = Setting(
    Boolean(),
    "Add the input to the result, so that the block only has to learn what changes.",
    advanced=True,
)
DROPOUT = Setting(common.SHARE, "Share of the values set to zero while training.")


def attention_block(
    inputs,
    context=None,
    num_heads=4,
    key_dim=16,
    dropout=0.0,
    use_causal_mask=False,
    residual=True,
    normalization="post",
    name="attention_block",
):
    """Let every step of a sequence gather what it needs from ``context``, or else from itself.

    ``normalization`` is "pre" (before the attention), "post" (after the shortcut) or "none".

    Reference: Vaswani et al., Attention Is All You Need (2017), sections 3.1 and 3.2.
    """
    x = inputs
    if normalization == "pre":
        x = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm")(x)
    # Keras's attention takes the masks off the tensors that it reads, so it is given copies.
    query = layers.Rescaling(1.0, name=f"{name}_query")(x)
    value = query if context is None else layers.Rescaling(1.0, name=f"{name}_context")(context)
    x = layers.MultiHeadAttention(num_heads, key_dim, dropout=dropout, name=f"{name}_attention")(
        query, value, use_causal_mask=use_causal_mask
    )
    if dropout:
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    if residual:
        x = layers.Add(name=f"{name}_add")([inputs, x])
    if normalization == "post":
        x = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm")(x)
    return x


_SEQUENCE = ("sequence",)

BLOCKS = (
    declare(
        "self_attention.v1",
        attention_block,
        sources=(attention_block,),
        label="Self-attention",
        category="Attention",
        summary="Every step of a sequence gathers what it needs from all steps, with a shortcut and a "
        "normalization. Put a positional encoding before the first one.",
        formula="y = norm(x + attention(x, x))",
        reference="Vaswani et al., Attention Is All You Need (2017)",
        inputs=(Port("input", _SEQUENCE),),
        settings={
            "num_heads": NUM_HEADS,
            "key_dim": KEY_DIM,
            "dropout": DROPOUT,
            "use_causal_mask": Setting(
                Boolean(),
                "Let each step look only at itself and what came before, as when predicting text.",
            ),
            "residual": RESIDUAL,
            "normalization": NORMALIZATION,
        },
    ),
    declare(
        "cross_attention.v1",
        attention_block,
        sources=(attention_block,),
        label="Cross-attention",
        category="Attention",
        summary="Every step of one sequence gathers what it needs from another sequence (the context), with "
        "a shortcut and a normalization.",
        formula="y = norm(x + attention(x, context))",
        reference="Vaswani et al., Attention Is All You Need (2017)",
        inputs=(Port("input", _SEQUENCE), Port("context", _SEQUENCE)),
        settings={
            "num_heads": NUM_HEADS,
            "key_dim": KEY_DIM,
            "dropout": DROPOUT,
            "residual": RESIDUAL,
            "normalization": NORMALIZATION,
        },
    ),
)
