"""Several recurrent layers on top of each other: LSTM, GRU or simple."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Block, Port, Setting, declare, plain_arguments
from builder.params import Boolean, Integer


def recurrent_stack(
    inputs,
    cell,
    units,
    depth=2,
    bidirectional=False,
    dropout=0.0,
    return_sequences=False,
    name="recurrent_stack",
):
    """Read a sequence with several recurrent layers, each reading what the one before gives.

    ``cell`` is "lstm", "gru" or "simple_rnn".

    Reference: Graves, Mohamed & Hinton, Speech Recognition with Deep Recurrent Neural Networks (2013).
    """
    recurrent = {"lstm": layers.LSTM, "gru": layers.GRU, "simple_rnn": layers.SimpleRNN}[cell]
    x = inputs
    for number in range(1, depth + 1):
        layer = recurrent(
            units,
            dropout=dropout,
            return_sequences=return_sequences or number < depth,
            name=f"{name}_{cell}_{number}",
        )
        if bidirectional:
            layer = layers.Bidirectional(layer, name=f"{name}_bidirectional_{number}")
        x = layer(x)
    return x


def _with_cell(cell: str) -> Callable[[Mapping[str, Any], str], dict[str, Any]]:
    return lambda values, name: {"cell": cell, **plain_arguments(values)}


def _stack(cell: str, label: str, summary: str, formula: str, reference: str) -> Block:
    return declare(
        f"{cell}_stack.v1",
        recurrent_stack,
        sources=(recurrent_stack,),
        label=f"{label} stack",
        category="Composite",
        summary=summary,
        formula=formula,
        reference=reference,
        inputs=(Port("input", ("sequence",)),),
        arguments=_with_cell(cell),
        settings={
            "units": common.UNITS,
            "depth": Setting(
                Integer(1, 16),
                f"Number of {label} layers.",
                why="Two layers rarely train worse than one.",
            ),
            "bidirectional": Setting(Boolean(), "Read forward and backward: twice the outputs."),
            "dropout": Setting(common.SHARE, "Share of each layer's inputs set to zero while training."),
            "return_sequences": Setting(Boolean(), "Give the state after every step, not only the last one."),
        },
    )


BLOCKS = (
    _stack(
        "lstm",
        "LSTM",
        "Several LSTM layers, each reading what the one before gives.",
        "h₁ = LSTM(x);  h₂ = LSTM(h₁);  …",
        "Graves, Mohamed & Hinton, Speech Recognition with Deep Recurrent Neural Networks (2013)",
    ),
    _stack(
        "gru",
        "GRU",
        "Several GRU layers, each reading what the one before gives: fewer weights than LSTM layers.",
        "h₁ = GRU(x);  h₂ = GRU(h₁);  …",
        "Chung et al., Empirical Evaluation of Gated Recurrent Neural Networks on Sequence Modeling (2014)",
    ),
    _stack(
        "simple_rnn",
        "SimpleRNN",
        "Several simple recurrent layers, each reading what the one before gives. They forget within a few "
        "steps; for long sequences take LSTM or GRU.",
        "h₁[t] = tanh(W·x[t] + U·h₁[t−1] + b);  h₂ likewise from h₁;  …",
        "Pascanu et al., How to Construct Deep Recurrent Neural Networks (2014)",
    ),
)
