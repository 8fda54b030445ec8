"""The two sides of a sequence GAN: one makes sequences, the other tells them from real ones."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.blocks.recurrent_stack import recurrent_stack
from builder.params import Boolean, Choice, Integer


def sequence_generator(
    inputs,
    steps,
    features,
    units=64,
    depth=2,
    dropout=0.0,
    output_activation="linear",
    name="sequence_generator",
):
    """Turn noise, a vector or a sequence of ``steps`` vectors, into a sequence with LSTM layers.

    Reference: Mogren, C-RNN-GAN (2016), figure 1.
    """
    x = inputs
    if len(inputs.shape) == 2:
        x = layers.RepeatVector(steps, name=f"{name}_repeat")(x)
    x = recurrent_stack(x, "lstm", units, depth, dropout=dropout, return_sequences=True, name=name)
    return layers.Dense(features, output_activation, name=f"{name}_output")(x)


def sequence_discriminator(
    inputs,
    units=64,
    depth=2,
    bidirectional=True,
    dropout=0.0,
    output_activation="sigmoid",
    name="sequence_discriminator",
):
    """Return how real a sequence looks: one value, a probability with "sigmoid".

    Reference: Mogren, C-RNN-GAN (2016), figure 1.
    """
    x = recurrent_stack(inputs, "lstm", units, depth, bidirectional, dropout, name=name)
    return layers.Dense(1, output_activation, name=f"{name}_output")(x)


_REFERENCE = "Mogren, C-RNN-GAN: Continuous Recurrent Neural Networks with Adversarial Training (2016)"
_SHARED = {
    "units": Setting(
        Integer(1, 65_536),
        "Size of the state of each LSTM layer.",
        why="64 is enough for a first try on small data; the article has 350.",
    ),
    "depth": Setting(Integer(1, 16), "Number of LSTM layers.", why="The article's 2."),
    "dropout": Setting(common.SHARE, "Share of each layer's inputs set to zero while training."),
}

BLOCKS = (
    declare(
        "sequence_generator.v1",
        sequence_generator,
        sources=(recurrent_stack, sequence_generator),
        label="Sequence generator",
        category="Composite",
        summary="Turns noise into a sequence, such as a melody or a sensor's curve: the side of a GAN that "
        "makes sequences.",
        formula="x[t] = W·LSTM(LSTM(z))[t] + b",
        reference=_REFERENCE,
        inputs=(Port("input", ("vector", "sequence")),),
        automatic={"steps": "sample_steps", "features": "sample_features"},
        settings={
            "steps": Setting(
                Integer(1, 10_000),
                "Length of the sequences, where the noise is one vector.",
                default=32,
                why="Recurrent layers learn short sequences first.",
                auto=True,
            ),
            "features": Setting(
                Integer(1, 4096),
                "Values at each step.",
                default=1,
                why="A single curve has one value a step.",
                auto=True,
            ),
            **_SHARED,
            "output_activation": Setting(
                Choice(("linear", "tanh", "sigmoid", "softmax")),
                "'linear' for any numbers, 'sigmoid' for 0 to 1, 'softmax' for one of several symbols.",
            ),
        },
    ),
    declare(
        "sequence_discriminator.v1",
        sequence_discriminator,
        sources=(recurrent_stack, sequence_discriminator),
        label="Sequence discriminator",
        category="Composite",
        summary="Tells real sequences from made ones: the side of a GAN that judges sequences.",
        formula="p = σ(W·LSTM(LSTM(x)) + b)",
        reference=_REFERENCE,
        inputs=(Port("input", ("sequence",)),),
        settings={
            **_SHARED,
            "bidirectional": Setting(
                Boolean(), "Read forward and backward.", why="The article's discriminator reads both ways."
            ),
            "output_activation": Setting(
                Choice(("sigmoid", "linear")),
                "'sigmoid' gives the probability that the sequence is real, 'linear' a score (logit).",
                advanced=True,
            ),
        },
    ),
)
