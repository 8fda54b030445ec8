"""Dense blocks that hold far more weights than the rest of the model."""

from __future__ import annotations

from collections.abc import Mapping

from builder.compiler import repairs
from builder.compiler.symbolic import Outcome
from builder.errors import Problem
from builder.graph import Graph

LARGE = 10_000_000
_DENSE = "dense.v1"


def warnings(graph: Graph, outcomes: Mapping[str, Outcome]) -> list[Problem]:
    """Return the warnings about very large Dense blocks; one behind a Flatten is told of at the Flatten."""
    found = []
    for node in graph.nodes:
        result = outcomes.get(node.id)
        if node.kind != _DENSE or result is None or result.parameters <= LARGE:
            continue
        sources = [graph.node(edge.source) for edge in graph.incoming(node.id)]
        if any(item.kind == "flatten.v1" for item in sources):
            continue
        units = result.output.shape[-1] or 1
        fitting = max(1, LARGE // (result.parameters // units) // 2)
        message = (
            f"'{node.id}' has {result.parameters:,} weights by itself: slow to train, and quick to overfit "
            "unless there are millions of samples. Give it fewer units, or make what it reads smaller."
        )
        repair = repairs.set_parameter(f"Give it {fitting} units", node.id, "units", fitting)
        found.append(Problem("large_dense", message, node.id, "units", repair, "warning"))
    return found
