"""Word vectors and position vectors added up: how most Transformers read a text."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.blocks.learned_positional_encoding import LearnedPositionalEncoding
from builder.params import Boolean, Integer


def token_and_position_embedding(
    inputs, input_dim, output_dim, mask_zero=False, dropout=0.0, name="token_and_position_embedding"
):
    """Turn each token into a learned vector and add a learned vector for its position.

    Reference: Devlin et al., BERT (2019), figure 2, without segments.
    """
    x = layers.Embedding(input_dim, output_dim, mask_zero=mask_zero, name=f"{name}_tokens")(inputs)
    x = LearnedPositionalEncoding("uniform", name=f"{name}_positions")(x)
    if dropout:
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return x


BLOCKS = (
    declare(
        "token_and_position_embedding.v1",
        token_and_position_embedding,
        sources=(LearnedPositionalEncoding, token_and_position_embedding),
        label="Token and position embedding",
        category="Composite",
        summary="Turns each word number into a learned vector and adds a learned vector for its place in "
        "the text: the start of a Transformer.",
        formula="y[t] = E[x[t]] + P[t], E of shape (vocabulary, features), P of shape (steps, features)",
        reference="Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers (2019)",
        inputs=(Port("input", ("tokens",)),),
        automatic={"input_dim": "vocabulary_size"},
        settings={
            "input_dim": Setting(
                Integer(1, 10_000_000),
                "Number of different tokens. 'auto' takes it from the data's vocabulary.",
                default="auto",
                why="The data know their vocabulary.",
                auto=True,
            ),
            "output_dim": Setting(
                Integer(1, 8192),
                "Size of the vectors.",
                default=64,
                why="64 is enough for a first try on small data; BERT-base has 768.",
            ),
            "mask_zero": Setting(
                Boolean(),
                "Mark padding (token 0), so that attention and recurrent layers skip it.",
                default=True,
                why="Texts of one batch differ in length, and attention should not look at padding.",
            ),
            "dropout": Setting(common.SHARE, "Share of the values set to zero while training."),
        },
    ),
)
