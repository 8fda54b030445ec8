"""Graphs with own blocks, for the tests of generated scripts."""

from __future__ import annotations

from builder.graph import Definition, Edge, Exposed, Graph, Node

HEAD = Node("head", "classification_head.v1")


def line(*nodes: Node) -> Graph:
    """Return nodes connected one after the other."""
    edges = tuple(Edge(before.id, after.id) for before, after in zip(nodes, nodes[1:], strict=False))
    return Graph(nodes, edges)


def inside(*nodes: Node) -> Graph:
    return line(Node("x", "tensor_input.v1", {"shape": [8, 8, 3]}), *nodes, Node("y", "output.v1"))


def pair(rate: float = 0.5) -> Definition:
    """Return two convolutions as one block, with parameters exposed, one of them for both."""
    convolution = {"filters": 4, "padding": "same", "activation": "relu"}
    graph = inside(
        Node("one", "conv2d.v1", convolution),
        Node("two", "conv2d.v1", {**convolution, "kernel_size": [1, 1]}),
        Node("drop", "dropout.v1", {"rate": rate}),
    )
    exposed = (
        Exposed("filters", "one", "filters"),
        Exposed("filters", "two", "filters"),
        Exposed("window", "one", "kernel_size"),
        Exposed("penalty", "one", "kernel_regularizer"),
        Exposed("rate", "drop", "rate"),
    )
    return Definition("Pair", graph, summary="Two convolutions.", exposed=exposed)


def stage() -> Definition:
    """Return an own block that holds another one, twice, and a composite."""
    graph = inside(
        Node("deep", "own.pair", {"repeat": 2, "filters": 5}),
        Node("residual", "residual_block.v1", {"filters": 5}),
        Node("last", "own.pair"),
    )
    exposed = (Exposed("filters", "last", "filters"), Exposed("strides", "residual", "strides"))
    return Definition("Stage", graph, exposed=exposed)


def using(*nodes: Node) -> Graph:
    graph = line(Node("picture", "input.v1"), *nodes, Node("flat", "flatten.v1"), HEAD)
    return Graph(graph.nodes, graph.edges, definitions={"own.pair": pair(), "own.stage": stage()})


def own_blocks() -> Graph:
    """Return a graph that uses own blocks in several ways."""
    given = {"filters": 6, "window": [5, 5], "penalty": 0.01, "rate": 0.25, "repeat": 3}
    return using(Node("stage", "own.stage", {"filters": 3, "strides": 2}), Node("second", "own.pair", given))
