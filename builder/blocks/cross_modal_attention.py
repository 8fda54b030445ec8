"""Fusion at attention level: two sequences look at each other."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from dataclasses import replace

from builder.blocks.attention import NUM_HEADS
from builder.blocks.attention_block import DROPOUT, KEY_DIM, NORMALIZATION, attention_block
from builder.blocks.base import OutputPort, Port, declare
from builder.blocks.feed_forward import ACTIVATION, FEED_FORWARD_DIM, feed_forward
from builder.params import Choice


def cross_modal_attention(
    first,
    second,
    num_heads=4,
    key_dim=16,
    feed_forward_dim=128,
    dropout=0.1,
    activation="relu",
    normalization="post",
    name="cross_modal_attention",
):
    """Let the steps of each of two sequences gather what they need from the other one.

    Both sequences keep their shapes, which may differ.

    Reference: Lu et al., ViLBERT (2019), figure 2b.
    """
    results = []
    for part, own, other in (("first", first, second), ("second", second, first)):
        x = attention_block(
            own,
            other,
            num_heads=num_heads,
            key_dim=key_dim,
            dropout=dropout,
            normalization=normalization,
            name=f"{name}_{part}",
        )
        x = feed_forward(
            x,
            feed_forward_dim,
            dropout=dropout,
            activation=activation,
            normalization=normalization,
            name=f"{name}_{part}_feed_forward",
        )
        results.append(x)
    return results


BLOCKS = (
    declare(
        "cross_modal_attention.v1",
        cross_modal_attention,
        sources=(attention_block, feed_forward, cross_modal_attention),
        label="Cross-modal attention",
        category="Composite",
        summary="Two sequences, such as the words of a caption and the patches of its image, look at each "
        "other. Both come out with their own shapes.",
        formula="first = FFN(norm(a + attention(a, b)));  second = FFN(norm(b + attention(b, a)))",
        reference="Lu et al., ViLBERT: Pretraining Task-Agnostic Visiolinguistic Representations for "
        "Vision-and-Language Tasks (2019)",
        inputs=(Port("first", ("sequence",)), Port("second", ("sequence",))),
        outputs=(OutputPort("output"), OutputPort("second")),
        settings={
            "num_heads": NUM_HEADS,
            "key_dim": KEY_DIM,
            "feed_forward_dim": FEED_FORWARD_DIM,
            "dropout": DROPOUT,
            "activation": ACTIVATION,
            "normalization": replace(NORMALIZATION, type=Choice(("post", "pre"))),
        },
    ),
)
