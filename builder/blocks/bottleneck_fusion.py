"""Fusion at network level: two Transformers exchange what they know through a few shared steps."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks.attention import NUM_HEADS
from builder.blocks.attention_block import DROPOUT, KEY_DIM
from builder.blocks.base import OutputPort, Port, Setting, declare
from builder.blocks.feed_forward import ACTIVATION, FEED_FORWARD_DIM
from builder.blocks.learned_tokens import LearnedTokens
from builder.blocks.step_slice import StepSlice
from builder.blocks.transformer_encoder import transformer_encoder
from builder.params import Choice, Integer


def bottleneck_fusion(
    first,
    second,
    tokens=4,
    depth=2,
    num_heads=4,
    key_dim=16,
    feed_forward_dim=128,
    dropout=0.1,
    activation="relu",
    normalization="pre",
    name="bottleneck_fusion",
):
    """Run two sequences through encoders of their own that share a few bottleneck steps.

    After each layer but the last, both versions of the bottleneck are averaged. Both sequences
    keep their steps; ``second`` is brought to the features of ``first`` where they differ.

    Reference: Nagrani et al., Attention Bottlenecks for Multimodal Fusion (2021), section 3.2.
    """
    if second.shape[-1] != first.shape[-1]:
        second = layers.Dense(first.shape[-1], name=f"{name}_project")(second)
    start = LearnedTokens(tokens, name=f"{name}_tokens")
    streams = {"first": start(first), "second": start(second)}
    for number in range(1, depth + 1):
        for part, x in streams.items():
            streams[part] = transformer_encoder(
                x,
                num_heads,
                key_dim,
                feed_forward_dim,
                dropout=dropout,
                activation=activation,
                normalization=normalization,
                name=f"{name}_{part}_{number}",
            )
        said = streams
        streams = {part: StepSlice(tokens, name=f"{name}_{part}_own_{number}")(x) for part, x in said.items()}
        if number < depth:
            told = [StepSlice(0, tokens, name=f"{name}_{part}_told_{number}")(x) for part, x in said.items()]
            shared = layers.Average(name=f"{name}_exchange_{number}")(told)
            streams = {
                part: layers.Concatenate(axis=1, name=f"{name}_{part}_joined_{number}")([shared, x])
                for part, x in streams.items()
            }
    return list(streams.values())


BLOCKS = (
    declare(
        "bottleneck_fusion.v1",
        bottleneck_fusion,
        sources=(transformer_encoder, LearnedTokens, StepSlice, bottleneck_fusion),
        label="Bottleneck fusion",
        category="Composite",
        summary="Two sequences, such as sound and image, pass through encoders of their own that exchange "
        "what matters through a few shared steps: cheaper than letting all look at all.",
        formula="[aₗ₊₁, s₁] = encoder([aₗ, s]);  [bₗ₊₁, s₂] = encoder([bₗ, s]);  s = (s₁ + s₂) / 2",
        reference="Nagrani et al., Attention Bottlenecks for Multimodal Fusion (2021)",
        inputs=(Port("first", ("sequence",)), Port("second", ("sequence",))),
        outputs=(OutputPort("output"), OutputPort("second")),
        settings={
            "tokens": Setting(Integer(1, 256), "Number of shared steps.", why="4 is the article's value."),
            "depth": Setting(
                Integer(2, 24),
                "Number of encoder layers a sequence. What one says, the other reads a layer later.",
                why="2 is the fewest with which both hear of each other.",
            ),
            "num_heads": NUM_HEADS,
            "key_dim": KEY_DIM,
            "feed_forward_dim": FEED_FORWARD_DIM,
            "dropout": DROPOUT,
            "activation": ACTIVATION,
            "normalization": Setting(
                Choice(("post", "pre")),
                "Where the normalizations are: 'pre' before each part, or 'post' after its shortcut.",
                why="The article's encoders are those of ViT, which normalize before.",
                advanced=True,
            ),
        },
    ),
)
