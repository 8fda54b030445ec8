"""Biases that a batch normalization takes away again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.compiler import repairs
from builder.compiler.symbolic import Outcome
from builder.errors import Problem
from builder.graph import Graph


def warnings(
    graph: Graph, values: Mapping[str, Mapping[str, Any]], outcomes: Mapping[str, Outcome]
) -> list[Problem]:
    """Return the hints about biases before batch normalizations."""
    found = []
    for node in graph.nodes:
        own = values.get(node.id, {})
        readers = [graph.node(edge.target) for edge in graph.outgoing(node.id)]
        if node.id not in outcomes or own.get("use_bias") is not True or own.get("activation") != "linear":
            continue
        if not readers or any(reader.kind != "batch_normalization.v1" for reader in readers):
            continue
        if any(values.get(reader.id, {}).get("center") is not True for reader in readers):
            continue
        message = (
            f"'{node.id}' learns a bias that '{readers[0].id}' right after it subtracts again: the batch "
            "normalization has an offset of its own. The bias costs weights and does nothing."
        )
        repair = repairs.set_parameter(f"Leave the bias of '{node.id}' out", node.id, "use_bias", False)
        found.append(Problem("bias_before_normalization", message, node.id, "use_bias", repair, "warning"))
    return found
