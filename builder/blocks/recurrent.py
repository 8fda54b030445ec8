"""Recurrent layers: they read a sequence step by step and carry a state."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from keras import layers

from builder.blocks import settings as common
from builder.blocks.arguments import SHARED
from builder.blocks.base import Block, Call, OutputPort, Port, Setting, plain_arguments, without_defaults
from builder.blocks.derive import FLOW_BY_AXES, axes_of, primitive
from builder.params import Choice, Optional

_ACTIVATION = Setting(
    Choice(common.ACTIVATIONS),
    "The function inside the cell. Leave 'tanh' unless you have a reason.",
    advanced=True,
)
_CELL_SETTINGS = {
    "units": replace(common.UNITS, help="Size of the state that the layer carries from step to step."),
    "activation": _ACTIVATION,
    "zero_output_for_mask": SHARED["zero_output_for_mask"],
}
_ONE_STATE = (OutputPort(), OutputPort("state", {"return_state": True}))
_TWO_STATES = (
    OutputPort(),
    OutputPort("state_h", {"return_state": True}),
    OutputPort("state_c", {"return_state": True}),
)
CELLS = {"lstm": layers.LSTM, "gru": layers.GRU, "simple_rnn": layers.SimpleRNN}


def _ports(flow: tuple[str, ...], state: str, states: int) -> tuple[Port, ...]:
    """Return the ports of a layer that may start from given states, in Keras's order."""
    return (Port("input", flow), Port("initial_state", (state,), variadic=states > 1, optional=True))


def _bidirectional_arguments(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    cell = CELLS[values["layer"]]
    known = inspect.signature(cell).parameters
    inner = {
        key: value
        for key, value in values.items()
        if key in known or key in ("zero_output_for_mask", "dtype")
    }
    arguments = without_defaults(cell, plain_arguments(inner))
    arguments["name"] = f"{name}_{values['layer']}"
    return {
        "layer": Call(cell, f"layers.{cell.__name__}", arguments),
        "merge_mode": values["merge_mode"],
        "dtype": values["dtype"],
    }


def _cell_settings() -> dict[str, Setting]:
    """Return the settings of every layer that can run in both directions, each once."""
    found: dict[str, Setting] = {}
    signatures = {
        name: parameter.default
        for cell in reversed(CELLS.values())
        for name, parameter in inspect.signature(cell).parameters.items()
    }
    for name, default in signatures.items():
        setting = _CELL_SETTINGS.get(name) or SHARED.get(name)
        if setting is None or name == "name":
            continue
        if default is None:
            setting = replace(setting, type=Optional(setting.type))  # type: ignore[arg-type]
        if setting.default is inspect.Parameter.empty:
            setting = replace(setting, default=default)
        found[name] = setting
    return {**found, "zero_output_for_mask": SHARED["zero_output_for_mask"]}


def _convolutional(layer: Any, what: str) -> Block:
    axes = axes_of(layer)
    flow = {1: ("image",), 2: ("volume",), 3: ()}[axes]
    return primitive(
        layer,
        label=layer.__name__,
        category="Recurrent",
        summary=f"An LSTM whose gates are convolutions: reads {what} and keeps the places.",
        formula="c[t] = f·c[t−1] + i·g;  h[t] = o·tanh(c[t]);  f, i, o = σ(W∗x[t] + U∗h[t−1] + b)",
        reference="Shi et al., Convolutional LSTM Network (2015)",
        inputs=_ports(flow, FLOW_BY_AXES[axes], 2),
        outputs=_TWO_STATES,
        picture="lstm",
        settings={
            "activation": _ACTIVATION,
            "unroll": replace(SHARED["unroll"], default=False),
            "zero_output_for_mask": SHARED["zero_output_for_mask"],
        },
    )


BLOCKS = (
    primitive(
        layers.LSTM,
        category="Recurrent",
        summary="Reads a sequence step by step and keeps a long and a short memory, opened and closed by "
        "learned gates.",
        formula="c[t] = f·c[t−1] + i·g;  h[t] = o·tanh(c[t]);  f, i, o = σ(W·x[t] + U·h[t−1] + b)",
        reference="Hochreiter & Schmidhuber, Long Short-Term Memory (1997)",
        inputs=_ports(("sequence",), "vector", 2),
        outputs=_TWO_STATES,
        picture="lstm",
        settings=_CELL_SETTINGS,
    ),
    primitive(
        layers.GRU,
        category="Recurrent",
        summary="Like an LSTM with one memory and two gates: fewer weights, often as good.",
        formula="h[t] = z·h[t−1] + (1 − z)·tanh(W·x[t] + r·(U·h[t−1]) + b)",
        reference="Cho et al., Learning Phrase Representations using RNN Encoder–Decoder (2014)",
        inputs=_ports(("sequence",), "vector", 1),
        outputs=_ONE_STATE,
        picture="gru",
        settings=_CELL_SETTINGS,
    ),
    primitive(
        layers.SimpleRNN,
        label="Simple RNN",
        kind="simple_rnn.v1",
        category="Recurrent",
        summary="The plainest recurrent layer: each state is made of the input and the state before. Forgets "
        "quickly; LSTM and GRU remember longer.",
        formula="h[t] = tanh(W·x[t] + U·h[t−1] + b)",
        reference="Elman, Finding Structure in Time (1990)",
        inputs=_ports(("sequence",), "vector", 1),
        outputs=_ONE_STATE,
        picture="recurrent",
        settings=_CELL_SETTINGS,
    ),
    primitive(
        layers.Bidirectional,
        category="Recurrent",
        summary="Two recurrent layers, one forward and one backward, so that each step knows both sides.",
        formula="y = merge(forward(x), backward(x reversed))",
        reference="Schuster & Paliwal, Bidirectional Recurrent Neural Networks (1997)",
        inputs=_ports(("sequence",), "vector", 2),
        outputs=(
            OutputPort(),
            OutputPort("backward", {"merge_mode": None}),
            *(
                OutputPort(f"{way}_{state}", {"return_state": True, "layer": "lstm"})
                for way in ("forward", "backward")
                for state in ("h", "c")
            ),
            *(
                OutputPort(f"{way}_{cell}_state", {"return_state": True, "layer": cell})
                for cell in ("gru", "simple_rnn")
                for way in ("forward", "backward")
            ),
        ),
        picture="bidirectional",
        arguments=_bidirectional_arguments,
        settings={
            "layer": Setting(
                Choice(tuple(CELLS)),
                "The recurrent layer that runs in both directions.",
                default="lstm",
                why="LSTM is the usual choice; GRU has fewer weights.",
            ),
            "merge_mode": Setting(
                Optional(Choice(("concat", "sum", "mul", "ave"))),
                "How both directions are joined. 'concat' puts them side by side: twice the units. Empty "
                "gives each direction an output of its own.",
                advanced=True,
            ),
            **_cell_settings(),
        },
    ),
    _convolutional(layers.ConvLSTM1D, "sequences that change over time"),
    _convolutional(layers.ConvLSTM2D, "films: images that change over time"),
    _convolutional(layers.ConvLSTM3D, "volumes that change over time"),
)
