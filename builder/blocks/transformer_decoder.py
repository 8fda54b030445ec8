"""One decoder layer of the Transformer, with or without an encoder to listen to."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from dataclasses import replace

from builder.blocks.attention import NUM_HEADS
from builder.blocks.attention_block import DROPOUT, KEY_DIM, NORMALIZATION, attention_block
from builder.blocks.base import Port, declare
from builder.blocks.feed_forward import ACTIVATION, FEED_FORWARD_DIM, feed_forward
from builder.params import Choice


def transformer_decoder(
    inputs,
    memory=None,
    num_heads=4,
    key_dim=16,
    feed_forward_dim=128,
    dropout=0.1,
    activation="relu",
    normalization="post",
    name="transformer_decoder",
):
    """Let every step attend to the steps before it, then to ``memory`` if given, and transform it.

    Reference: Vaswani et al., Attention Is All You Need (2017), section 3.1; without ``memory``
    Radford et al., Improving Language Understanding by Generative Pre-Training (2018).
    """
    shared = {
        "num_heads": num_heads,
        "key_dim": key_dim,
        "dropout": dropout,
        "normalization": normalization,
    }
    x = attention_block(inputs, use_causal_mask=True, name=f"{name}_self", **shared)
    if memory is not None:
        x = attention_block(x, memory, name=f"{name}_cross", **shared)
    return feed_forward(
        x,
        feed_forward_dim,
        dropout=dropout,
        activation=activation,
        normalization=normalization,
        name=f"{name}_feed_forward",
    )


BLOCKS = (
    declare(
        "transformer_decoder.v1",
        transformer_decoder,
        sources=(attention_block, feed_forward, transformer_decoder),
        label="Transformer decoder",
        category="Composite",
        summary="Every step sees only itself and what came before, as when writing a text. Connect an "
        "encoder's output to 'memory' to write about it. Put a positional encoding before the first one.",
        formula="z = norm(x + causal attention(x, x));  u = norm(z + attention(z, memory));  "
        "y = norm(u + W₂·f(W₁·u))",
        reference="Vaswani et al., Attention Is All You Need (2017)",
        inputs=(Port("input", ("sequence",)), Port("memory", ("sequence",), optional=True)),
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
