"""Convolutional models that see too little of a picture, or shrink it to nothing too early."""

from __future__ import annotations

from collections.abc import Mapping

from builder.compiler import repairs
from builder.compiler.faults.paths import POOLINGS, back, readers
from builder.compiler.figures.receptive_field import receptive_field
from builder.compiler.symbolic import Outcome
from builder.errors import Problem, Repair
from builder.graph import Graph, Node

# A value that has seen less than this share of a side knows parts, but not how they lie to each other.
ENOUGH = 0.4
_KEEPS = ("activation.v1", "batch_normalization.v1", "layer_normalization.v1")


def warnings(graph: Graph, outcomes: Mapping[str, Outcome]) -> list[Problem]:
    """Return the warnings about receptive fields and vanished pictures."""
    found = [_short_sighted(graph, outcomes)]
    found += [_one_pixel(graph, node, outcomes) for node in graph.nodes if node.id in outcomes]
    return [problem for problem in found if problem is not None]


def _short_sighted(graph: Graph, outcomes: Mapping[str, Outcome]) -> Problem | None:
    field = receptive_field(graph, outcomes)
    if field is None or field.share >= ENOUGH or not _is_averaged(graph, graph.node(field.block)):
        return None
    seen, whole = (" × ".join(str(size) for size in sizes) for sizes in (field.size, field.picture))
    message = (
        f"After the last convolution, in '{field.block}', each value has seen only {seen} pixels of the "
        f"{whole} picture, and the global pooling then forgets where they were: the model cannot see how the "
        "parts of a larger thing lie to each other. Add a pooling or strides of 2 early on, or more "
        "convolutions."
    )
    return Problem("short_sighted", message, field.block, severity="warning")


def _is_averaged(graph: Graph, node: Node) -> bool:
    following = readers(graph, node)
    while following and all(item.kind in (*_KEEPS, *POOLINGS) for item in following):
        following = [later for item in following for later in readers(graph, item)]
    return bool(following) and all(item.kind.startswith("global_") for item in following)


def _one_pixel(graph: Graph, node: Node, outcomes: Mapping[str, Outcome]) -> Problem | None:
    result = outcomes[node.id]
    arriving = [outcomes[edge.source].output for edge in graph.incoming(node.id) if edge.source in outcomes]
    if result.reach is None or not result.reach.convolves or not arriving:
        return None
    shape = arriving[0].shape
    is_vanished = len(shape) > 3 and all(size == 1 for size in shape[1:-1])
    if not is_vanished or not any(growth > 0 for growth in result.reach.growth):
        return None
    message = (
        f"Only one pixel is left of the picture when it reaches '{node.id}', so all but the middle of its "
        "window reads padding. Take a pooling or a stride out before it, or use a window of 1."
    )
    return Problem("picture_vanished", message, node.id, None, _without_pooling(graph, node), "warning")


def _without_pooling(graph: Graph, node: Node) -> Repair | None:
    pooling = next((item for item in back(graph, node) if item.kind in POOLINGS), None)
    return None if pooling is None else repairs.take_out(f"Take '{pooling.id}' out", graph, pooling.id)
