"""Warnings about models that work but are probably not what was meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.blocks import registry
from builder.compiler import repairs
from builder.compiler.ends import output_nodes
from builder.compiler.families import (
    CONVOLUTION,
    DROPS_MASKS,
    LINEAR,
    RECURRENT,
    REGULARIZATION,
    SHAPE_KEEPING,
)
from builder.compiler.faults import design_faults
from builder.compiler.symbolic import Outcome
from builder.errors import Problem
from builder.graph import Graph, Node

_WEIGHTED = {*LINEAR, *CONVOLUTION, "classification_head.v1", "regression_head.v1"}
_PASSES_STEPS = {
    *SHAPE_KEEPING,
    "sinusoidal_positional_encoding.v1",
    "learned_positional_encoding.v1",
    "rotary_positional_encoding.v1",
}
LARGE_DENSE = 10_000_000

Values = Mapping[str, Mapping[str, Any]]
Outcomes = Mapping[str, Outcome]


def warnings(graph: Graph, values: Values, outcomes: Outcomes, may_be_padded: bool = True) -> list[Problem]:
    """Return the warnings for the blocks that have an output.

    Args:
        may_be_padded: whether texts shorter than others end in padding.
    """
    found: list[Problem | None] = []
    for node in graph.nodes:
        if node.id not in outcomes:
            continue
        found.append(_no_activation(graph, node, values))
        found.append(_flatten_explosion(graph, node, outcomes))
        found.append(_reads_padding(graph, node, values) if may_be_padded else None)
        found.append(_mask_lost(graph, node, outcomes))
    found += [_dropout_at_end(node) for node in output_nodes(graph)]
    return [problem for problem in found if problem is not None] + design_faults(graph, values, outcomes)


def _no_activation(graph: Graph, node: Node, values: Values) -> Problem | None:
    if node.kind not in LINEAR or values[node.id]["activation"] != "linear":
        return None
    followers = [graph.node(edge.target) for edge in graph.outgoing(node.id)]
    follower = next((item for item in followers if item.kind in _WEIGHTED), None)
    if follower is None:
        return None
    message = (
        f"'{node.id}' and '{follower.id}' follow each other without an activation between them, so both "
        "together can do no more than one of them. Give the first an activation such as relu."
    )
    repair = repairs.set_parameter(f"Give '{node.id}' relu", node.id, "activation", "relu")
    return Problem("no_activation_between", message, node.id, "activation", repair, "warning")


def _flatten_explosion(graph: Graph, node: Node, outcomes: Outcomes) -> Problem | None:
    if node.kind != "flatten.v1":
        return None
    followers = [edge.target for edge in graph.outgoing(node.id) if edge.target in outcomes]
    heavy = next((name for name in followers if outcomes[name].parameters > LARGE_DENSE), None)
    if heavy is None:
        return None
    edge = graph.incoming(node.id)[0]
    source = outcomes[edge.source].outputs[edge.source_port]
    assert source is not None, "a flattened tensor has a specification"
    message = (
        f"After Flatten '{node.id}', '{heavy}' has {outcomes[heavy].parameters:,} weights: slow to train and "
        "quick to overfit. Use a global pooling in its place, or more pooling before it."
    )
    kinds = {
        "volume": "global_average_pooling3d.v1",
        "image": "global_average_pooling2d.v1",
        "sequence": "global_average_pooling1d.v1",
    }
    kind = kinds.get(source.flow)
    repair = None
    if kind is not None:
        repair = repairs.replace_block(f"Use {registry()[kind].label}", node.id, kind, {})
    return Problem("flatten_explosion", message, node.id, None, repair, "warning")


def _reads_padding(graph: Graph, node: Node, values: Values) -> Problem | None:
    is_last_step = node.kind == "select_step.v1" and values[node.id]["step"] < 0
    if node.kind not in RECURRENT and not is_last_step:
        return None
    source = graph.node(graph.incoming(node.id)[0].source)
    while source.kind in _PASSES_STEPS or is_last_step and _reads_a_sequence(graph, source, values):
        source = graph.node(graph.incoming(source.id)[0].source)
    if values[source.id].get("mask_zero", True):
        return None
    what = (
        "takes a step from behind, which is padding in texts that are shorter than the longest."
        if is_last_step
        else "also reads the padding at the end of short texts and may forget the text over it."
    )
    name = registry()[source.kind].label
    message = f"'{node.id}' {what} Turn on 'mask_zero' in {name} '{source.id}'."
    repair = repairs.set_parameter(f"Turn on mask_zero in '{source.id}'", source.id, "mask_zero", True)
    return Problem("reads_padding", message, node.id, None, repair, "warning")


def _reads_a_sequence(graph: Graph, node: Node, values: Values) -> bool:
    return bool(graph.incoming(node.id)) and "mask_zero" not in values[node.id]


def _mask_lost(graph: Graph, node: Node, outcomes: Outcomes) -> Problem | None:
    # What a block only looks up, such as the values of an attention, does not become its output's steps.
    ports = registry()[node.kind].inputs if node.kind in registry() else ()
    arriving = [
        outcomes[edge.source].outputs[edge.source_port]
        for edge in graph.incoming(node.id)
        if ports and edge.target_port == ports[0].name
    ]
    output = outcomes[node.id].output
    is_masked = any(spec is not None and spec.masked for spec in arriving)
    if not is_masked or output is None or output.masked:
        return None
    # A vector has no steps left: a recurrent block or a pooling has skipped the padding in making it.
    if output.flow != "sequence" and node.kind not in DROPS_MASKS:
        return None
    message = (
        f"The embedding marks padding, but {registry()[node.kind].label} '{node.id}' cannot skip it: from "
        "here on padding counts as text. This is often harmless; a recurrent block or a global average "
        "pooling in its place would skip it."
    )
    return Problem("mask_lost", message, node.id, severity="warning")


def _dropout_at_end(node: Node) -> Problem | None:
    if node.kind not in REGULARIZATION or node.kind == "activity_regularization.v1":
        return None
    message = (
        f"{registry()[node.kind].label} '{node.id}' is the last block: it would disturb the answer itself "
        "while training. Put it before the last Dense block."
    )
    repair = repairs.remove_blocks("Remove the block", [node.id])
    return Problem("dropout_at_end", message, node.id, None, repair, "warning")
