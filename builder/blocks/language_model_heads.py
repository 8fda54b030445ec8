"""Heads that guess words: the next one, or the ones that were hidden."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Boolean, Choice, Integer, Optional


def language_model_head(inputs, units, activation="linear", normalize=False, name="output"):
    """Return one score a word of the vocabulary for the word after every step.

    Reference: Radford et al., Language Models Are Unsupervised Multitask Learners (2019), section 2.3,
    for the normalization at the end.
    """
    x = inputs
    if normalize:
        x = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm")(x)
    return layers.Dense(units, activation, name=name)(x)


def masked_language_model_head(
    inputs,
    units,
    activation="linear",
    hidden_units=None,
    hidden_activation="relu",
    name="output",
):
    """Return one score a word of the vocabulary for the word at every step, hidden or not.

    Reference: Devlin et al., BERT (2019), section 3.1.
    """
    x = layers.Dense(hidden_units or inputs.shape[-1], hidden_activation, name=f"{name}_hidden")(inputs)
    x = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm")(x)
    return layers.Dense(units, activation, name=name)(x)


_SEQUENCE = (Port("input", ("sequence",)),)
_UNITS = Setting(
    Integer(1, 10_000_000),
    "Number of different words that can be guessed. 'auto' takes it from the data's vocabulary.",
    default="auto",
    why="The data know their vocabulary.",
    auto=True,
    advanced=True,
)
_ACTIVATION = Setting(
    Choice(("linear", "softmax")),
    "'linear' gives scores (logits), 'softmax' probabilities that add up to 1.",
    why="Training on scores is exact with large vocabularies, and sampling divides them by a temperature.",
    advanced=True,
)

BLOCKS = (
    declare(
        "language_model_head.v1",
        language_model_head,
        sources=(language_model_head,),
        label="Language model head",
        category="Head",
        summary="The last block of a model that writes text: for every step one score a word, for the word "
        "that comes next. What is before it may only look back.",
        formula="z[t] = x[t]·W + b;  p(word t+1 = k) = softmax(z[t])[k]",
        reference="Radford et al., Language Models Are Unsupervised Multitask Learners (2019)",
        inputs=_SEQUENCE,
        automatic={"units": "vocabulary_size"},
        settings={
            "units": _UNITS,
            "activation": _ACTIVATION,
            "normalize": Setting(
                Boolean(),
                "Normalize before the last layer, as decoders with 'pre' normalization need.",
                why="Decoders here end in a normalization already.",
            ),
        },
    ),
    declare(
        "masked_language_model_head.v1",
        masked_language_model_head,
        sources=(masked_language_model_head,),
        label="Masked language model head",
        category="Head",
        summary="The last block of BERT's first pretraining task: for every step one score a word, from "
        "which hidden words are guessed.",
        formula="z[t] = norm(f(x[t]·W₁ + b₁))·W₂ + b₂;  p(word t = k) = softmax(z[t])[k]",
        reference="Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers (2019)",
        inputs=_SEQUENCE,
        automatic={"units": "vocabulary_size"},
        settings={
            "units": _UNITS,
            "activation": _ACTIVATION,
            "hidden_units": Setting(
                Optional(Integer(1, 65_536)),
                "Width of the dense layer before the normalization. Empty means as wide as what arrives.",
                why="BERT keeps the width.",
                advanced=True,
            ),
            "hidden_activation": Setting(
                Choice(common.ACTIVATIONS),
                "The function f of the dense layer.",
                why="BERT has gelu, whose exact form small devices cannot run; relu they can.",
                advanced=True,
            ),
        },
    ),
)
