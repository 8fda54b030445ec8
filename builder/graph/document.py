"""The graph of blocks as a frozen value: nodes, edges, own blocks, order, edits, and its JSON form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from builder.errors import Problem
from builder.graph.edits import apply_edit
from builder.graph.parts import Edge, Exposed, Group, Node, Note
from builder.graph.reading import (
    edge_from_json,
    exposed_from_json,
    group_from_json,
    list_of,
    malformed,
    node_from_json,
    note_from_json,
    text_of,
    truth_of,
)
from builder.graph.structure import structure_problems

MAXIMUM_NODES = 5000
DEEPEST = 8


@dataclass(frozen=True)
class Definition:
    """A block of a person's own: a graph whose free inputs and outputs are the block's ports.

    ``exposed`` parameters can be set where the block is used. A ``nested_model`` stays a model of its
    own inside the model that uses it, as in an opened file, and a ``sequential`` one is a
    ``keras.Sequential`` for as long as it is a chain of layers.
    """

    label: str
    graph: Graph
    summary: str = ""
    exposed: tuple[Exposed, ...] = ()
    nested_model: bool = False
    sequential: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the definition as JSON-ready data."""
        return {
            "label": self.label,
            "summary": self.summary,
            "graph": self.graph.to_json(),
            "exposed": [item.to_json() for item in self.exposed],
            "nested_model": self.nested_model,
            **({"sequential": True} if self.sequential else {}),
        }

    @classmethod
    def from_json(cls, data: Any, name: str, depth: int = 1) -> Definition:
        """Return the own block that ``data`` describes; raise BuilderError for a wrong form."""
        if not isinstance(data, Mapping):
            raise malformed(f"The own block '{name}' must be an object", data)
        owner = f"own block '{name}'"
        return cls(
            label=text_of(data, "label", owner) or name,
            graph=Graph.from_json(data.get("graph", {}), depth),
            summary=text_of(data, "summary", owner),
            exposed=tuple(exposed_from_json(item) for item in list_of(data, "exposed")),
            nested_model=truth_of(data, "nested_model", owner),
            sequential=truth_of(data, "sequential", owner),
        )


@dataclass(frozen=True)
class Graph:
    """Blocks and their connections. Every edit returns a new graph.

    ``definitions`` are the own blocks that the nodes use, by kind, such as ``"own.conv_pair"``.
    """

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    groups: tuple[Group, ...] = ()
    notes: tuple[Note, ...] = ()
    definitions: Mapping[str, Definition] = field(default_factory=dict)

    def node(self, node_id: str) -> Node:
        """Return the node with this id; raise KeyError where there is none."""
        return self._by_id[node_id]

    def has(self, node_id: str) -> bool:
        """Tell whether there is a node with this id."""
        return node_id in self._by_id

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
        return structure_problems(self)

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
        ``{"op": "add_edge", "edge": {...}}``, ``{"op": "remove_edge", "edge": {...}}``,
        ``{"op": "set_parameter", "id": ..., "name": ..., "value": ...}``,
        ``{"op": "set_node", "id": ..., "changes": {...}}``, ``{"op": "rename_node", "id": ..., "to": ...}``,
        ``{"op": "set_groups", "groups": [...]}``, ``{"op": "set_notes", "notes": [...]}`` and
        ``{"op": "set_definition", "kind": ..., "definition": {...} or None}``.

        Raises:
            BuilderError: for an operation or an id that does not exist.
        """
        graph = self
        for edit in edits:
            graph = apply_edit(graph, edit)
        return graph

    def with_definition(self, kind: str, data: Any) -> Graph:
        """Return the graph with an own block defined anew, or without it where ``data`` is None."""
        others = {name: item for name, item in self.definitions.items() if name != kind}
        if data is not None:
            others[kind] = Definition.from_json(data, kind)
        return replace(self, definitions=others)

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
        """Return the graph as JSON-ready data; parts that it does not have are left out."""
        data: dict[str, Any] = {
            "nodes": [node.to_json() for node in self.nodes],
            "edges": [edge.to_json() for edge in self.edges],
        }
        if self.groups:
            data["groups"] = [group.to_json() for group in self.groups]
        if self.notes:
            data["notes"] = [note.to_json() for note in self.notes]
        if self.definitions:
            data["definitions"] = {kind: item.to_json() for kind, item in self.definitions.items()}
        return data

    @classmethod
    def from_json(cls, data: Any, depth: int = 0) -> Graph:
        """Return the graph that ``data`` describes.

        Raises:
            BuilderError: where the data do not have the form of a graph. Wrong ids, dangling
                edges and cycles do not raise: ``check_structure`` reports them.
        """
        if not isinstance(data, Mapping):
            raise malformed("The model must be an object with 'nodes' and 'edges'", data)
        if depth > DEEPEST:
            raise malformed(f"Own blocks may lie at most {DEEPEST} deep in each other", depth)
        nodes = tuple(node_from_json(item) for item in list_of(data, "nodes"))
        if len(nodes) > MAXIMUM_NODES:
            raise malformed(f"A model may have at most {MAXIMUM_NODES} blocks", len(nodes))
        definitions = data.get("definitions", {})
        if not isinstance(definitions, Mapping):
            raise malformed("The model's 'definitions' must be an object", definitions)
        return cls(
            nodes,
            tuple(edge_from_json(item) for item in list_of(data, "edges")),
            tuple(group_from_json(item) for item in list_of(data, "groups")),
            tuple(note_from_json(item) for item in list_of(data, "notes")),
            {kind: Definition.from_json(item, str(kind), depth + 1) for kind, item in definitions.items()},
        )


def _grouped(edges: Iterable[Edge], end: str) -> dict[str, list[Edge]]:
    groups: dict[str, list[Edge]] = {}
    for edge in edges:
        groups.setdefault(getattr(edge, end), []).append(edge)
    return groups
