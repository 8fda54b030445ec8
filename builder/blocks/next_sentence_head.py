"""The head of BERT's second pretraining task: does the second sentence follow the first?"""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.blocks.select_step import SelectStep
from builder.params import Choice, Integer


def next_sentence_head(inputs, units=2, activation="softmax", dropout=0.1, name="output"):
    """Return from the first step, the class token, whether the second sentence follows the first.

    Reference: Devlin et al., BERT (2019), section 3.1, task 2.
    """
    x = SelectStep(name=f"{name}_first_step")(inputs)
    x = layers.Dense(inputs.shape[-1], "tanh", name=f"{name}_pooled")(x)
    if dropout:
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return layers.Dense(units, activation, name=name)(x)


BLOCKS = (
    declare(
        "next_sentence_head.v1",
        next_sentence_head,
        sources=(SelectStep, next_sentence_head),
        label="Next sentence head",
        category="Head",
        summary="The last block of BERT's second pretraining task: from the first step of the sequence it "
        "tells whether the second sentence follows the first. Also classifies whole texts.",
        formula="p = softmax(W₂·tanh(W₁·x[0] + b₁) + b₂)",
        reference="Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers (2019)",
        inputs=(Port("input", ("sequence",)),),
        automatic={"units": "class_units"},
        settings={
            "units": Setting(
                Integer(1, 65_536),
                "Number of answers: 2 for 'follows' and 'does not follow'. 'auto' makes one a class.",
                why="The task has two answers.",
                auto=True,
                advanced=True,
            ),
            "activation": Setting(
                Choice(common.ACTIVATIONS),
                "'softmax' gives probabilities that add up to 1.",
                advanced=True,
            ),
            "dropout": Setting(
                common.SHARE,
                "Share of the values before the last layer set to zero while training.",
                why="0.1 is BERT's value.",
            ),
        },
    ),
)
