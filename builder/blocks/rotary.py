"""Blocks of rotary positions: turned features, and an attention that turns its queries and keys."""

from __future__ import annotations

from builder.blocks import settings as common
from builder.blocks.attention import NUM_HEADS
from builder.blocks.attention_block import KEY_DIM
from builder.blocks.base import Port, Setting, declare
from builder.blocks.rotary_attention import RotaryAttention
from builder.blocks.rotary_positional_encoding import RotaryPositionalEncoding
from builder.params import Boolean, Integer

_MAX_WAVELENGTH = Setting(
    Integer(2, 1_000_000),
    "m in the formula: the slowest pair turns once in about 2π·m steps.",
    why="10,000 is the article's value.",
    advanced=True,
)
_REFERENCE = "Su et al., RoFormer: Enhanced Transformer with Rotary Position Embedding (2021)"

BLOCKS = (
    declare(
        "rotary_positional_encoding.v1",
        RotaryPositionalEncoding,
        sources=(RotaryPositionalEncoding,),
        picture="positions",
        label="Rotary positional encoding",
        category="Attention",
        summary="Turns pairs of features by an angle that grows with the position, so that attention sees "
        "how far apart two steps are. Nothing is learned. Needs an even number of features.",
        formula="(y[t,i], y[t,i+d/2]) = rotate((x[t,i], x[t,i+d/2]), t / m^(2i/d))",
        reference=_REFERENCE,
        inputs=(Port("input", ("sequence",)),),
        settings={"max_wavelength": _MAX_WAVELENGTH},
    ),
    declare(
        "rotary_attention.v1",
        RotaryAttention,
        sources=(RotaryPositionalEncoding, RotaryAttention),
        picture="attention",
        label="Rotary attention",
        category="Attention",
        summary="Multi-head attention that knows how far apart two steps are, with no positional encoding "
        "before it. Connect the same sequence to both for self-attention.",
        formula="softmax(R·Q·(R·K)ᵀ / √key_dim)·V in each head, R turning by position, then joined by W",
        reference=_REFERENCE,
        inputs=(Port("query", ("sequence",)), Port("value", ("sequence",))),
        when_called=("use_causal_mask",),
        settings={
            "num_heads": NUM_HEADS,
            "key_dim": Setting(
                Integer(2, 2048),
                f"{KEY_DIM.help} Must be even.",
                default=KEY_DIM.default,
                why=KEY_DIM.why,
            ),
            "dropout": Setting(common.SHARE, "Share of the attention set to zero while training."),
            "use_causal_mask": Setting(
                Boolean(),
                "Let each position look only at itself and what came before, as when predicting text.",
                default=False,
                why="A Keras call argument, off by default; reading whole texts needs both sides.",
            ),
            "max_wavelength": _MAX_WAVELENGTH,
        },
    ),
)
