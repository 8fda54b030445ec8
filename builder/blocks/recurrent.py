"""Recurrent layers: they read a sequence step by step and carry a state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Call, Port, Setting, declare, plain_arguments, without_defaults
from builder.params import Boolean, Choice

_SEQUENCE = (Port("input", ("sequence",)),)
_UNITS = replace(common.UNITS, help="Size of the state that the layer carries from step to step.")
_RETURN_SEQUENCES = Setting(
    Boolean(),
    "Give the state after every step (for another recurrent layer), not only the last one.",
)
_DROPOUT = Setting(common.SHARE, "Share of the inputs set to zero while training.")
_RECURRENT_DROPOUT = Setting(
    common.SHARE, "Share of the carried state set to zero while training. Slows training.", advanced=True
)
_SHARED = {
    "units": _UNITS,
    "return_sequences": _RETURN_SEQUENCES,
    "dropout": _DROPOUT,
    "recurrent_dropout": _RECURRENT_DROPOUT,
}
_ACTIVATION = replace(
    common.ACTIVATION,
    default="tanh",
    why="tanh keeps the state between −1 and 1.",
    help="The function inside the cell. Leave 'tanh' unless you have a reason.",
    advanced=True,
)
_CELLS = {"lstm": layers.LSTM, "gru": layers.GRU}


def _bidirectional_arguments(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    cell = _CELLS[values["layer"]]
    inner = {key: value for key, value in values.items() if key not in ("layer", "merge_mode")}
    arguments = without_defaults(cell, plain_arguments(inner))
    arguments["name"] = f"{name}_{values['layer']}"
    return {
        "layer": Call(cell, f"layers.{cell.__name__}", arguments),
        "merge_mode": values["merge_mode"],
    }


BLOCKS = (
    declare(
        "lstm.v1",
        layers.LSTM,
        label="LSTM",
        category="Recurrent",
        summary="Reads a sequence step by step and keeps a long and a short memory, opened and closed by "
        "learned gates.",
        formula="c[t] = f·c[t−1] + i·g;  h[t] = o·tanh(c[t]);  f, i, o = σ(W·x[t] + U·h[t−1] + b)",
        reference="Hochreiter & Schmidhuber, Long Short-Term Memory (1997)",
        inputs=_SEQUENCE,
        settings={**_SHARED, "activation": _ACTIVATION},
    ),
    declare(
        "gru.v1",
        layers.GRU,
        label="GRU",
        category="Recurrent",
        summary="Like an LSTM with one memory and two gates: fewer weights, often as good.",
        formula="h[t] = z·h[t−1] + (1 − z)·tanh(W·x[t] + r·(U·h[t−1]) + b)",
        reference="Cho et al., Learning Phrase Representations using RNN Encoder–Decoder (2014)",
        inputs=_SEQUENCE,
        settings={**_SHARED, "activation": _ACTIVATION},
    ),
    declare(
        "bidirectional.v1",
        layers.Bidirectional,
        label="Bidirectional",
        category="Recurrent",
        summary="Two recurrent layers, one forward and one backward, so that each step knows both sides.",
        formula="y = merge(forward(x), backward(x reversed))",
        reference="Schuster & Paliwal, Bidirectional Recurrent Neural Networks (1997)",
        inputs=_SEQUENCE,
        arguments=_bidirectional_arguments,
        signature=layers.LSTM,
        settings={
            "layer": Setting(
                Choice(("lstm", "gru")),
                "The recurrent layer that runs in both directions.",
                default="lstm",
                why="LSTM is the usual choice; GRU has fewer weights.",
            ),
            **_SHARED,
            "merge_mode": Setting(
                Choice(("concat", "sum", "mul", "ave")),
                "How both directions are joined. 'concat' puts them side by side: twice the units.",
                default="concat",
                why="Keras's own default.",
                advanced=True,
            ),
        },
    ),
)
