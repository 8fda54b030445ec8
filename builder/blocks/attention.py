"""Attention: every position looks at the positions that matter to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keras import layers

from builder.blocks import settings as common
from builder.blocks.arguments import SHARED
from builder.blocks.base import Block, OutputPort, Port, Setting
from builder.blocks.derive import primitive
from builder.params import Boolean, Choice, Either, Integer, IntegerList, Optional

NUM_HEADS = Setting(
    Integer(1, 256),
    "How many attentions run side by side, each with its own view.",
    default=4,
    why="4 suits widths of 32 to 128.",
)
_KEY_DIM = Setting(
    Integer(1, 2048),
    "Size of each head's vectors; often the sequence's features divided by the heads.",
    default=16,
    why="16 times 4 heads makes 64, the default width of an embedding here.",
)
_DROPOUT = Setting(common.SHARE, "Share of the attention set to zero while training.")
_OUTPUTS = (OutputPort(), OutputPort("attention_scores", {"return_attention_scores": True}))
_WHEN_CALLED = ("use_causal_mask", "return_attention_scores")
_CALL_SETTINGS = {name: SHARED[name] for name in _WHEN_CALLED}
_FLOWS = ("sequence", "image", "volume")
_HEADED = (
    Port("query", _FLOWS),
    Port("value", _FLOWS),
    Port("key", _FLOWS, optional=True),
    Port("attention_mask", (), optional=True),
)
_JOINED = (Port("inputs", ("sequence", "image"), variadic=True),)


def _attention(layer: Any, inputs: tuple[Port, ...], settings: dict[str, Setting], **words: str) -> Block:
    return primitive(
        layer,
        category="Attention",
        inputs=inputs,
        outputs=_OUTPUTS,
        picture="attention",
        when_called=_WHEN_CALLED,
        settings={"dropout": _DROPOUT, **settings, **_CALL_SETTINGS},
        **words,
    )


BLOCKS = (
    _attention(
        layers.MultiHeadAttention,
        _HEADED,
        {
            "num_heads": NUM_HEADS,
            "key_dim": _KEY_DIM,
            "value_dim": Setting(
                Integer(1, 2048),
                "Size of each head's values. Empty takes the size of the keys.",
                advanced=True,
            ),
            "output_shape": Setting(
                Either((Integer(1, 65_536), IntegerList(1, 6))),
                "Number of features that come out. Empty gives as many as the query has.",
                advanced=True,
            ),
            "attention_axes": Setting(
                Either((Integer(-6, 6), IntegerList(1, 6, minimum=-6))),
                "The axes over which positions attend to each other. Empty means all but batch and features.",
                advanced=True,
            ),
        },
        label="Multi-head attention",
        summary="Every position of the query gathers what it needs from all positions of the value. "
        "Connect the same sequence to both for self-attention.",
        formula="softmax(Q·Kᵀ / √key_dim)·V in each head, then joined by W",
        reference="Vaswani et al., Attention Is All You Need (2017)",
    ),
    _attention(
        layers.GroupQueryAttention,
        tuple(replace(port, accepts=port.accepts and ("sequence",)) for port in _HEADED),
        {
            "head_dim": _KEY_DIM,
            "num_query_heads": replace(NUM_HEADS, help="How many attentions run side by side."),
            "num_key_value_heads": Setting(
                Integer(1, 256),
                "How many different keys and values they share. Must divide the query heads.",
                default=2,
                why="Half the query heads: half the memory for keys and values.",
            ),
        },
        kind="group_query_attention.v1",
        label="Group query attention",
        summary="Multi-head attention in which groups of heads share their keys and values: nearly as good, "
        "with less memory.",
        formula="softmax(Qₕ·K_gᵀ / √head_dim)·V_g for each head h of group g",
        reference="Ainslie et al., GQA: Training Generalized Multi-Query Transformer Models (2023)",
    ),
    _attention(
        layers.Attention,
        _JOINED,
        {
            "use_scale": Setting(Boolean(), "Multiply the scores by one learned number.", advanced=True),
            "score_mode": Setting(
                Choice(("dot", "concat")),
                "How query and key are compared: by their product, or by a sum that is squashed.",
                advanced=True,
            ),
        },
        label="Dot-product attention",
        summary="Gathers from the value what matches the query, without weights of its own. Connect query "
        "and value, and the key third if it differs from the value.",
        formula="softmax(Q·Kᵀ)·V",
        reference="Luong et al., Effective Approaches to Attention-based Neural Machine Translation (2015)",
    ),
    _attention(
        layers.AdditiveAttention,
        _JOINED,
        {
            "use_scale": Setting(
                Boolean(), "Weigh the features of the sum by learned numbers.", advanced=True
            ),
            "seed": replace(SHARED["seed"], type=Optional(Integer(0, 2**31 - 1)), default=None),
        },
        label="Additive attention",
        summary="Attention that compares by a squashed sum, as the first one for translation did. Connect "
        "query and value, and the key third if it differs from the value.",
        formula="softmax(Σ scale·tanh(Q + K))·V",
        reference="Bahdanau, Cho & Bengio, Neural Machine Translation by Jointly Learning to Align and "
        "Translate (2015)",
    ),
)
