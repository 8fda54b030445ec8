"""The head of models that write down what they hear or see."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Integer


def transcription_head(inputs, units, dropout=0.0, name="output"):
    """Return for every step one score a character, the first for "no character here".

    Reference: Graves et al., Connectionist Temporal Classification (2006), section 3.
    """
    x = layers.Dropout(dropout, name=f"{name}_dropout")(inputs) if dropout else inputs
    return layers.Dense(units, name=name)(x)


BLOCKS = (
    declare(
        "transcription_head.v1",
        transcription_head,
        sources=(transcription_head,),
        label="Transcription head",
        category="Head",
        summary="The last block of a model that writes down what is spoken or written: for every step of the "
        "sequence one score a character, and one for 'none'. Where each character lies is learned, not told.",
        formula="z[t] = x[t]·W + b;  p(text) = Σ over all paths that collapse to it of Πₜ softmax(z[t])",
        reference="Graves et al., Connectionist Temporal Classification (2006)",
        inputs=(Port("input", ("sequence",)),),
        automatic={"units": "class_units"},
        settings={
            "units": Setting(
                Integer(2, 65_536),
                "Number of scores a step. 'auto' makes one a character and one for none.",
                default="auto",
                why="The data know their characters.",
                auto=True,
                advanced=True,
            ),
            "dropout": Setting(common.SHARE, "Share of the values set to zero while training."),
        },
    ),
)
