"""Attention over words whose places nobody told."""

from __future__ import annotations

from collections.abc import Mapping

from builder.compiler import repairs
from builder.compiler.faults.paths import NORMALIZATIONS, TRANSPARENT, back
from builder.compiler.symbolic import Outcome
from builder.errors import Problem
from builder.graph import Graph, Node

_ATTENDING = ("transformer_encoder.v1",)
_EMBEDDING = "embedding.v1"
_POSITIONS = "sinusoidal_positional_encoding.v1"


def warnings(graph: Graph, outcomes: Mapping[str, Outcome]) -> list[Problem]:
    """Return the warnings about encoders that read an embedding without positions."""
    found = []
    for node in graph.nodes:
        if node.kind in _ATTENDING and node.id in outcomes:
            embedding = _bare_embedding(graph, node)
            if embedding is not None:
                found.append(_no_positions(graph, node, embedding))
    return found


def _bare_embedding(graph: Graph, node: Node) -> Node | None:
    for before in back(graph, node):
        if before.kind == _EMBEDDING:
            return before
        if before.kind not in (*TRANSPARENT, *NORMALIZATIONS):
            return None
    return None


def _no_positions(graph: Graph, node: Node, embedding: Node) -> Problem:
    message = (
        f"'{node.id}' attends to the words of '{embedding.id}' without knowing where they stand: 'dog bites "
        "man' and 'man bites dog' look the same to it. Put a positional encoding after the embedding."
    )
    (edge, *_) = graph.outgoing(embedding.id)
    repair = repairs.insert("Insert a positional encoding", graph, edge, (_POSITIONS, {}))
    return Problem("no_positions", message, node.id, None, repair, "warning")
