"""Several LSTM layers on top of each other."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Boolean, Integer


def lstm_stack(
    inputs, units, depth=2, bidirectional=False, dropout=0.0, return_sequences=False, name="lstm_stack"
):
    """Read a sequence with several LSTM layers, each reading what the one before gives.

    Reference: Graves, Mohamed & Hinton, Speech Recognition with Deep Recurrent Neural Networks (2013).
    """
    x = inputs
    for number in range(1, depth + 1):
        lstm = layers.LSTM(
            units,
            dropout=dropout,
            return_sequences=return_sequences or number < depth,
            name=f"{name}_lstm_{number}",
        )
        x = layers.Bidirectional(lstm, name=f"{name}_bidirectional_{number}")(x) if bidirectional else lstm(x)
    return x


BLOCKS = (
    declare(
        "lstm_stack.v1",
        lstm_stack,
        sources=(lstm_stack,),
        label="LSTM stack",
        category="Composite",
        summary="Several LSTM layers, each reading what the one before gives.",
        formula="h₁ = LSTM(x);  h₂ = LSTM(h₁);  …",
        reference="Graves, Mohamed & Hinton, Speech Recognition with Deep Recurrent Neural Networks (2013)",
        inputs=(Port("input", ("sequence",)),),
        settings={
            "units": common.UNITS,
            "depth": Setting(
                Integer(1, 16), "Number of LSTM layers.", why="Two layers rarely train worse than one."
            ),
            "bidirectional": Setting(Boolean(), "Read forward and backward: twice the outputs."),
            "dropout": Setting(common.SHARE, "Share of each layer's inputs set to zero while training."),
            "return_sequences": Setting(Boolean(), "Give the state after every step, not only the last one."),
        },
    ),
)
