"""The position-wise feed-forward block of the Transformer."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.attention_block import DROPOUT, NORMALIZATION, RESIDUAL
from builder.blocks.base import Port, Setting, declare
from builder.params import Choice, Integer

FEED_FORWARD_DIM = Setting(
    Integer(1, 65_536),
    "Width of the first of both dense layers.",
    default=128,
    why="Twice the default width; the article uses four times.",
)
ACTIVATION = Setting(Choice(common.ACTIVATIONS), "The function f between the dense layers.")


def feed_forward(
    inputs,
    feed_forward_dim,
    dropout=0.0,
    activation="relu",
    residual=True,
    normalization="post",
    name="feed_forward",
):
    """Transform each step by itself with two dense layers.

    ``normalization`` is "pre" (before the dense layers), "post" (after the shortcut) or "none".

    Reference: Vaswani et al., Attention Is All You Need (2017), section 3.3.
    """
    x = inputs
    if normalization == "pre":
        x = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm")(x)
    x = layers.Dense(feed_forward_dim, activation, name=f"{name}_dense_1")(x)
    x = layers.Dense(inputs.shape[-1], name=f"{name}_dense_2")(x)
    if dropout:
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    if residual:
        x = layers.Add(name=f"{name}_add")([inputs, x])
    if normalization == "post":
        x = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm")(x)
    return x


BLOCKS = (
    declare(
        "feed_forward.v1",
        feed_forward,
        sources=(feed_forward,),
        label="Feed-forward block",
        category="Composite",
        summary="Two dense layers with a shortcut and a normalization, applied to each step by itself: what "
        "follows the attention in a Transformer.",
        formula="y = norm(x + W₂·f(W₁·x + b₁) + b₂)",
        reference="Vaswani et al., Attention Is All You Need (2017), section 3.3",
        inputs=(Port("input", ("sequence", "vector")),),
        settings={
            "feed_forward_dim": FEED_FORWARD_DIM,
            "dropout": DROPOUT,
            "activation": ACTIVATION,
            "residual": RESIDUAL,
            "normalization": NORMALIZATION,
        },
    ),
)
