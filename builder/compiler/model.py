"""The Keras model of a sound project."""

from __future__ import annotations

import re
import warnings
from typing import Any

import keras

from builder.blocks import registry
from builder.compiler.analysis import Analysis
from builder.compiler.output_rules import output_nodes
from builder.data.preprocessing import model_input_tensors


def model_name(name: str) -> str:
    """Return a project's name as a Keras model's name."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "model"


def assemble(analysis: Analysis, name: str) -> keras.Model:
    """Return the model that a sound analysis describes, its blocks in the order of the data's flow."""
    assert analysis.spec is not None, "a sound analysis has data"
    inputs: list[Any] = []
    outputs: dict[str, Any] = {}
    with warnings.catch_warnings():
        # The design rules have already told that a mask ends at a block.
        warnings.filterwarnings("ignore", message="Layer .* was passed an input with a mask")
        for node in analysis.graph.in_order():
            block, values = registry()[node.kind], analysis.values[node.id]
            if block.inputs:
                outputs[node.id] = block.apply(values, node.id, _tensors(analysis, node.id, outputs))
            else:
                sources, outputs[node.id] = model_input_tensors(analysis.spec.input(values["source"]))
                inputs += sources
        (last,) = output_nodes(analysis.graph)
        return keras.Model(inputs, outputs[last.id], name=model_name(name))


def _tensors(analysis: Analysis, node_id: str, outputs: dict[str, Any]) -> dict[str, Any]:
    ports = registry()[analysis.graph.node(node_id).kind].inputs
    arriving: dict[str, list[Any]] = {port.name: [] for port in ports}
    for edge in analysis.graph.incoming(node_id):
        arriving[edge.target_port].append(outputs[edge.source])
    return {port.name: arriving[port.name] if port.variadic else arriving[port.name][0] for port in ports}
