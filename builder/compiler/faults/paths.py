"""Walks along a graph's connections, for rules about blocks that follow each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from builder.blocks import registry
from builder.compiler.symbolic import Outcome
from builder.graph import Graph, Node
from builder.own_blocks import OUTPUT

# They move or keep values, and change none when the model predicts; training's loss looks through them too.
TRANSPARENT = ("dropout.v1", "flatten.v1", "identity.v1", "reshape.v1", OUTPUT)
NORMALIZATIONS = (
    "batch_normalization.v1",
    "group_normalization.v1",
    "layer_normalization.v1",
    "rms_normalization.v1",
    "unit_normalization.v1",
)
POOLINGS = (
    "average_pooling1d.v1",
    "average_pooling2d.v1",
    "average_pooling3d.v1",
    "max_pooling1d.v1",
    "max_pooling2d.v1",
    "max_pooling3d.v1",
)
_SOFTMAX_LAYER = "softmax.v1"


def source(graph: Graph, node: Node) -> Node | None:
    """Return the only block that a block reads, or None where it reads none or several."""
    arriving = graph.incoming(node.id)
    return graph.node(arriving[0].source) if len(arriving) == 1 else None


def readers(graph: Graph, node: Node) -> list[Node]:
    """Return the blocks that read a block, those behind transparent ones in their place."""
    found = []
    for edge in graph.outgoing(node.id):
        reader = graph.node(edge.target)
        found += readers(graph, reader) if reader.kind in TRANSPARENT else [reader]
    return found


def back(graph: Graph, node: Node) -> Iterator[Node]:
    """Yield the blocks before a block while there is a single way back."""
    before = source(graph, node)
    while before is not None:
        yield before
        before = source(graph, before)


def before_transparent(graph: Graph, node: Node) -> Node | None:
    """Return the nearest block before a block that changes values, along a single way."""
    return next((item for item in back(graph, node) if item.kind not in TRANSPARENT), None)


def activation_of(node: Node, values: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the function that a block applies to its output last; "linear" for none or one unknown.

    A recurrent layer's function works inside it, and so is none.
    """
    if node.kind == _SOFTMAX_LAYER:
        return "softmax"
    own = values.get(node.id, {})
    is_recurrent = "return_sequences" in own
    ends_in_it = registry()[node.kind].is_layer or node.kind == "classification_head.v1"
    return str(own.get("activation", "linear")) if ends_in_it and not is_recurrent else "linear"


def has_matrix(node: Node, outcomes: Mapping[str, Outcome]) -> bool:
    """Tell whether a block multiplies what arrives by learned weights."""
    result = outcomes.get(node.id)
    return result is not None and any(layer.matrices for layer in result.layers)
