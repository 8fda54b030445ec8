"""One encoder layer of the Transformer."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.attention import NUM_HEADS
from builder.blocks.base import Port, Setting, declare
from builder.params import Choice, Integer


def transformer_encoder(
    inputs,
    num_heads,
    key_dim,
    feed_forward_dim,
    dropout=0.1,
    activation="relu",
    normalization="post",
    name="transformer_encoder",
):
    """Let every step of a sequence attend to all steps, then transform each step by itself.

    ``normalization`` says whether each of both parts is normalized before it ("pre") or after
    its shortcut is added ("post").

    Reference: Vaswani et al., Attention Is All You Need (2017), section 3.1.
    """
    features = inputs.shape[-1]
    is_pre = normalization == "pre"
    x = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm_1")(inputs) if is_pre else inputs
    # Keras's attention takes the mask off the tensor that it reads, so it is given a copy.
    x = layers.Rescaling(1.0, name=f"{name}_query")(x)
    x = layers.MultiHeadAttention(num_heads, key_dim, dropout=dropout, name=f"{name}_attention")(x, x)
    x = layers.Dropout(dropout, name=f"{name}_dropout_1")(x)
    x = attended = layers.Add(name=f"{name}_add_1")([inputs, x])
    if is_pre:
        x = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm_2")(x)
    else:
        x = attended = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm_1")(x)
    x = layers.Dense(feed_forward_dim, activation, name=f"{name}_feed_forward_1")(x)
    x = layers.Dense(features, name=f"{name}_feed_forward_2")(x)
    x = layers.Dropout(dropout, name=f"{name}_dropout_2")(x)
    x = layers.Add(name=f"{name}_add_2")([attended, x])
    return x if is_pre else layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm_2")(x)


BLOCKS = (
    declare(
        "transformer_encoder.v1",
        transformer_encoder,
        sources=(transformer_encoder,),
        label="Transformer encoder",
        category="Composite",
        summary="Self-attention and two dense layers, each with a shortcut and a normalization. Put a "
        "positional encoding before the first one.",
        formula="z = norm(x + attention(x, x));  y = norm(z + W₂·f(W₁·z))",
        reference="Vaswani et al., Attention Is All You Need (2017)",
        inputs=(Port("input", ("sequence",)),),
        settings={
            "num_heads": NUM_HEADS,
            "key_dim": Setting(
                Integer(1, 2048),
                "Size of each head's vectors; often the sequence's features divided by the heads.",
                default=16,
                why="16 times 4 heads makes 64, the default width of an embedding here.",
            ),
            "feed_forward_dim": Setting(
                Integer(1, 65_536),
                "Width of the first of both dense layers.",
                default=128,
                why="Twice the default width; the article uses four times.",
            ),
            "dropout": Setting(common.SHARE, "Share of the values set to zero while training."),
            "activation": Setting(Choice(common.ACTIVATIONS), "The function f between the dense layers."),
            "normalization": Setting(
                Choice(("post", "pre")),
                "'post' as in the article; 'pre' trains more steadily when many are stacked.",
                why="The article's order; see Xiong et al. (2020) for 'pre'.",
                advanced=True,
            ),
        },
    ),
)
