"""Graph edits behind the buttons that mend a problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from builder.errors import Repair
from builder.graph import Edge, Graph, Node
from builder.own_blocks import OUTPUT


def set_parameter(label: str, node_id: str, name: str, value: Any) -> Repair:
    """Return the repair that gives a parameter another value."""
    return Repair(label, ({"op": "set_parameter", "id": node_id, "name": name, "value": value},))


def insert(label: str, graph: Graph, edge: Edge, *blocks: tuple[str, Mapping[str, Any]]) -> Repair:
    """Return the repair that puts blocks, given as (kind, parameters), on a connection."""
    edits: list[dict[str, Any]] = []
    start, end = graph.node(edge.source), graph.node(edge.target)
    previous, taken = edge.source, graph
    for number, (kind, parameters) in enumerate(blocks, start=1):
        share = number / (len(blocks) + 1)
        place = tuple(
            (1 - share) * here + share * there
            for here, there in zip(start.position, end.position, strict=True)
        )
        node = Node(taken.unused_id(kind.rpartition(".")[0]), kind, parameters, (place[0], place[1]))
        port = edge.source_port if number == 1 else "output"
        step = [_add_node(node), _add_edge(Edge(previous, node.id, source_port=port))]
        taken = taken.edited(step)
        edits += step
        previous = node.id
    # The order of edges is the order of a variadic port's tensors: later ones are drawn anew.
    following = graph.incoming(edge.target)
    following = following[following.index(edge) :]
    edits += [_remove_edge(item) for item in following]
    edits.append(_add_edge(Edge(previous, edge.target, edge.target_port)))
    edits += [_add_edge(item) for item in following[1:]]
    return Repair(label, tuple(edits))


def append(
    label: str,
    graph: Graph,
    node_id: str,
    kind: str,
    parameters: Mapping[str, Any] | None = None,
    source_port: str = "output",
) -> Repair:
    """Return the repair that puts a block behind another, or before it where it marks an end of the model."""
    after = graph.node(node_id)
    arriving = graph.incoming(node_id)
    if after.kind == OUTPUT and arriving:
        return insert(label, graph, arriving[0], (kind, parameters or {}))
    place = (after.position[0], after.position[1] + 120.0)
    node = Node(graph.unused_id(kind.rpartition(".")[0]), kind, parameters or {}, place)
    return Repair(label, (_add_node(node), _add_edge(Edge(node_id, node.id, source_port=source_port))))


def append_end(label: str, graph: Graph, edge: Edge, kind: str) -> Repair:
    """Return the repair that lets a block of a kind read what a connection brings, as a further end."""
    repair = append(label, graph, edge.source, kind, source_port=edge.source_port)
    if all(node.kind != OUTPUT for node in graph.nodes):
        return repair
    # Where ends are marked, what has no mark is none.
    added = repair.edits[0]["node"]["id"]
    mark = append(label, graph.edited(repair.edits), added, OUTPUT)
    return Repair(label, (*repair.edits, *mark.edits))


def replace_block(label: str, node_id: str, kind: str, parameters: Mapping[str, Any]) -> Repair:
    """Return the repair that puts a block of another kind in a block's place, name and connections."""
    changes = {"kind": kind, "parameters": dict(parameters)}
    return Repair(label, ({"op": "set_node", "id": node_id, "changes": changes},))


def rename(label: str, node_id: str, name: str) -> Repair:
    """Return the repair that gives a block another name and keeps everything else."""
    return Repair(label, ({"op": "rename_node", "id": node_id, "to": name},))


def take_out(label: str, graph: Graph, node_id: str) -> Repair:
    """Return the repair that removes a block with one input and connects its readers to what it read."""
    (arriving,) = graph.incoming(node_id)

    def moved(edge: Edge) -> Edge | None:
        if edge.target == node_id:
            return None
        source, port = edge.source, edge.source_port
        if source == node_id:
            source, port = arriving.source, arriving.source_port
        return Edge(source, edge.target, edge.target_port, port)

    return Repair(label, ({"op": "remove_node", "id": node_id}, *_drawn_anew(graph, node_id, moved)))


def remove_blocks(label: str, node_ids: list[str]) -> Repair:
    """Return the repair that takes blocks and their connections away."""
    return Repair(label, tuple({"op": "remove_node", "id": node_id} for node_id in node_ids))


def remove_edge(label: str, edge: Edge) -> Repair:
    """Return the repair that takes a connection away."""
    return Repair(label, (_remove_edge(edge),))


def remove_last(label: str, arriving: Sequence[Edge]) -> Repair:
    """Return the repair that takes the last of several connections away; one drawn twice is left once."""
    *others, last = arriving
    kept = [_add_edge(last)] * others.count(last)
    return Repair(label, (_remove_edge(last), *kept))


def add_block(label: str, graph: Graph, kind: str) -> Repair:
    """Return the repair that adds a block without connections."""
    return Repair(label, (_add_node(Node(graph.unused_id(kind.rpartition(".")[0]), kind)),))


def merge_into(label: str, graph: Graph, kept: str, gone: str) -> Repair:
    """Return the repair that lets everything read one block instead of another, which goes."""

    def moved(edge: Edge) -> Edge | None:
        if edge.target == gone:
            return None
        return replace(edge, source=kept) if edge.source == gone else edge

    return Repair(label, ({"op": "remove_node", "id": gone}, *_drawn_anew(graph, gone, moved)))


def _drawn_anew(graph: Graph, gone: str, moved: Callable[[Edge], Edge | None]) -> list[dict[str, Any]]:
    """Return the edits that, after a block has gone, draw its connections again as ``moved`` says.

    All connections into its readers are drawn again: their order is the order of a port's tensors.
    """
    touching = [edge for edge in graph.edges if gone in (edge.source, edge.target)]
    affected = [edge for edge in graph.edges if edge.target in {item.target for item in touching}]
    edits = [_remove_edge(edge) for edge in affected if edge not in touching]
    return edits + [_add_edge(edge) for edge in map(moved, affected) if edge is not None]


def _add_node(node: Node) -> dict[str, Any]:
    return {"op": "add_node", "node": node.to_json()}


def _add_edge(edge: Edge) -> dict[str, Any]:
    return {"op": "add_edge", "edge": edge.to_json()}


def _remove_edge(edge: Edge) -> dict[str, Any]:
    return {"op": "remove_edge", "edge": edge.to_json()}
