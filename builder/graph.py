"""The graph of blocks as a frozen value: nodes, edges, order, edits, and its JSON form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from builder.errors import BuilderError, Problem, Repair

NODE_ID = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
MAXIMUM_NODES = 5000


@dataclass(frozen=True)
class Node:
    """A block in use: its id (also the Keras layer's name), kind, own parameter values and place."""

    id: str
    kind: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    position: tuple[float, float] = (0.0, 0.0)

    def to_json(self) -> dict[str, Any]:
        """Return the node as JSON-ready data."""
        return {
            "id": self.id,
            "kind": self.kind,
            "parameters": dict(self.parameters),
            "position": list(self.position),
        }


@dataclass(frozen=True)
class Edge:
    """A connection from an output port to an input port.

    A port that takes several tensors receives them in the order of the graph's edges.
    """

    source: str
    target: str
    target_port: str = "input"
    source_port: str = "output"

    def to_json(self) -> dict[str, Any]:
        """Return the edge as JSON-ready data."""
        return {
            "source": self.source,
            "source_port": self.source_port,
            "target": self.target,
            "target_port": self.target_port,
        }


@dataclass(frozen=True)
class Graph:
    """Blocks and their connections. Every edit returns a new graph."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()

    def node(self, node_id: str) -> Node:
        """Return the node with this id; raise KeyError where there is none."""
        return self._by_id[node_id]

    def incoming(self, node_id: str) -> list[Edge]:
        """Return the edges that end at a node, in order."""
        return list(self._by_target.get(node_id, ()))

    def outgoing(self, node_id: str) -> list[Edge]:
        """Return the edges that start at a node, in order."""
        return list(self._by_source.get(node_id, ()))

    # Looked up for every block of a graph, so found once; a frozen graph's lookups never go stale.
    @cached_property
    def _by_id(self) -> dict[str, Node]:
        return {node.id: node for node in reversed(self.nodes)}

    @cached_property
    def _by_target(self) -> dict[str, list[Edge]]:
        return _grouped(self.edges, "target")

    @cached_property
    def _by_source(self) -> dict[str, list[Edge]]:
        return _grouped(self.edges, "source")

    def check_structure(self) -> list[Problem]:
        """Return what is wrong with ids, edges and order; empty for a sound graph."""
        problems = [*_id_problems(self), *_edge_problems(self)]
        if not problems:
            problems = _cycle_problems(self)
        return problems

    def in_order(self) -> tuple[Node, ...]:
        """Return the nodes so that each one follows everything that it reads.

        Nodes on a cycle, and what follows them, are left out: ``check_structure`` reports them.
        """
        waiting = {node.id: 0 for node in self.nodes}
        followers: dict[str, list[str]] = {node.id: [] for node in self.nodes}
        for edge in self.edges:
            if edge.source in followers and edge.target in waiting:
                waiting[edge.target] += 1
                followers[edge.source].append(edge.target)
        by_id = {node.id: node for node in self.nodes}
        ready = [node.id for node in self.nodes if waiting[node.id] == 0]
        ordered = []
        for node_id in ready:
            ordered.append(by_id[node_id])
            for follower in followers[node_id]:
                waiting[follower] -= 1
                if waiting[follower] == 0:
                    ready.append(follower)
        return tuple(ordered)

    def edited(self, edits: Iterable[Mapping[str, Any]]) -> Graph:
        """Return the graph after plain-data edits.

        The edits: ``{"op": "add_node", "node": {...}}``, ``{"op": "remove_node", "id": ...}``,
        ``{"op": "add_edge", "edge": {...}}``, ``{"op": "remove_edge", "edge": {...}}`` and
        ``{"op": "set_parameter", "id": ..., "name": ..., "value": ...}``.

        Raises:
            BuilderError: for an operation or an id that does not exist.
        """
        graph = self
        for edit in edits:
            graph = _apply(graph, edit)
        return graph

    def unused_id(self, stem: str) -> str:
        """Return ``stem``, or ``stem_2``, ``stem_3`` … where that id is taken."""
        taken = {node.id for node in self.nodes}
        if stem not in taken:
            return stem
        number = 2
        while f"{stem}_{number}" in taken:
            number += 1
        return f"{stem}_{number}"

    def to_json(self) -> dict[str, Any]:
        """Return the graph as JSON-ready data."""
        return {
            "nodes": [node.to_json() for node in self.nodes],
            "edges": [edge.to_json() for edge in self.edges],
        }

    @classmethod
    def from_json(cls, data: Any) -> Graph:
        """Return the graph that ``data`` describes.

        Raises:
            BuilderError: where the data do not have the form of a graph. Wrong ids, dangling
                edges and cycles do not raise: ``check_structure`` reports them.
        """
        if not isinstance(data, Mapping):
            raise _malformed("The model must be an object with 'nodes' and 'edges'", data)
        nodes = tuple(_node_from_json(item) for item in _list_of(data, "nodes"))
        edges = tuple(_edge_from_json(item) for item in _list_of(data, "edges"))
        if len(nodes) > MAXIMUM_NODES:
            raise _malformed(f"A model may have at most {MAXIMUM_NODES} blocks", len(nodes))
        return cls(nodes, edges)


def _grouped(edges: Iterable[Edge], end: str) -> dict[str, list[Edge]]:
    groups: dict[str, list[Edge]] = {}
    for edge in edges:
        groups.setdefault(getattr(edge, end), []).append(edge)
    return groups


def _list_of(data: Mapping[str, Any], key: str) -> list[Any]:
    items = data.get(key, [])
    if not isinstance(items, list):
        raise _malformed(f"The model's '{key}' must be a list", items)
    return items


def _node_from_json(item: Any) -> Node:
    if not isinstance(item, Mapping) or not isinstance(item.get("id"), str):
        raise _malformed("Every block of the model needs an 'id' and a 'kind'", item)
    if not isinstance(item.get("kind"), str):
        raise _malformed(f"The block '{item['id']}' needs a 'kind', such as 'dense.v1'", item.get("kind"))
    parameters = item.get("parameters", {})
    if not isinstance(parameters, Mapping):
        raise _malformed(f"The 'parameters' of block '{item['id']}' must be an object", parameters)
    position = item.get("position", [0, 0])
    if not _is_position(position):
        raise _malformed(f"The 'position' of block '{item['id']}' must be two numbers", position)
    return Node(item["id"], item["kind"], dict(parameters), (float(position[0]), float(position[1])))


def _is_position(value: Any) -> bool:
    is_pair = isinstance(value, (list, tuple)) and len(value) == 2
    return is_pair and all(isinstance(part, (int, float)) and abs(part) < 1e9 for part in value)


def _edge_from_json(item: Any) -> Edge:
    if not isinstance(item, Mapping):
        raise _malformed("Every connection of the model must be an object", item)
    ports = {"target_port": "input", "source_port": "output", **item}
    words = {name: ports.get(name) for name in ("source", "target", "target_port", "source_port")}
    for name, word in words.items():
        if not isinstance(word, str):
            raise _malformed(f"A connection's '{name}' must be a block's or a port's name", word)
    return Edge(**{name: str(word) for name, word in words.items()})


def _malformed(expected: str, got: Any) -> BuilderError:
    shown = repr(got)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return BuilderError([Problem("malformed_document", f"{expected}. Got {shown} instead.")])


def _id_problems(graph: Graph) -> list[Problem]:
    problems, seen = [], set()
    for node in graph.nodes:
        if not NODE_ID.match(node.id):
            message = (
                f"The block name '{node.id[:70]}' cannot be used. A name starts with a small letter and "
                "goes on with at most 62 small letters, digits or underscores."
            )
            problems.append(Problem("bad_block_name", message, block=node.id))
        if node.id in seen:
            message = f"Two blocks are named '{node.id}'. Rename one of them: every block needs its own name."
            problems.append(Problem("duplicate_block_name", message, block=node.id))
        seen.add(node.id)
    return problems


def _edge_problems(graph: Graph) -> list[Problem]:
    known = {node.id for node in graph.nodes}
    problems = []
    for edge in graph.edges:
        missing = [name for name in (edge.source, edge.target) if name not in known]
        if missing:
            message = (
                f"A connection from '{edge.source}' to '{edge.target}' leads to the block '{missing[0]}', "
                "which is not in the model. Remove the connection or add the block."
            )
            repair = Repair("Remove the connection", ({"op": "remove_edge", "edge": edge.to_json()},))
            pinned = edge.target if edge.target in known else edge.source
            problems.append(
                Problem("dangling_edge", message, block=pinned if pinned in known else None, repair=repair)
            )
    return problems


def _cycle_problems(graph: Graph) -> list[Problem]:
    ordered = {node.id for node in graph.in_order()}
    stuck = {node.id for node in graph.nodes if node.id not in ordered}
    while True:
        followed = {edge.source for edge in graph.edges if edge.source in stuck and edge.target in stuck}
        if followed == stuck:
            break
        stuck = followed
    if not stuck:
        return []
    names = [node.id for node in graph.nodes if node.id in stuck]
    closing = next(edge for edge in reversed(graph.edges) if edge.source in stuck and edge.target in stuck)
    message = (
        f"The connections run in a circle through {', '.join(names)}. Data must flow from an input to an "
        f"output without coming back. Remove a connection, for example from '{closing.source}' to "
        f"'{closing.target}'."
    )
    repair = Repair(
        f"Remove the connection {closing.source} → {closing.target}",
        ({"op": "remove_edge", "edge": closing.to_json()},),
    )
    return [Problem("cycle", message, block=closing.target, repair=repair)]


def _apply(graph: Graph, edit: Mapping[str, Any]) -> Graph:
    match edit.get("op"):
        case "add_node":
            return replace(graph, nodes=(*graph.nodes, _node_from_json(edit["node"])))
        case "remove_node":
            return _without_node(graph, edit["id"])
        case "add_edge":
            return replace(graph, edges=(*graph.edges, _edge_from_json(edit["edge"])))
        case "remove_edge":
            gone = _edge_from_json(edit["edge"])
            return replace(graph, edges=tuple(edge for edge in graph.edges if edge != gone))
        case "set_parameter":
            return _with_parameter(graph, edit["id"], edit["name"], edit["value"])
    raise _malformed("An edit's 'op' must be one of the known operations", edit.get("op"))


def _without_node(graph: Graph, node_id: str) -> Graph:
    _require(graph, node_id)
    nodes = tuple(node for node in graph.nodes if node.id != node_id)
    edges = tuple(edge for edge in graph.edges if node_id not in (edge.source, edge.target))
    return Graph(nodes, edges)


def _with_parameter(graph: Graph, node_id: str, name: str, value: Any) -> Graph:
    _require(graph, node_id)
    nodes = tuple(
        replace(node, parameters={**node.parameters, name: value}) if node.id == node_id else node
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)


def _require(graph: Graph, node_id: str) -> None:
    if all(node.id != node_id for node in graph.nodes):
        raise _malformed("An edit must name a block of the model", node_id)
