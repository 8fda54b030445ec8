"""Edits of a graph as plain data: each one returns a new graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from builder.graph.parts import Edge, Node
from builder.graph.reading import (
    edge_from_json,
    group_from_json,
    list_of,
    malformed,
    node_from_json,
    note_from_json,
)

if TYPE_CHECKING:
    from builder.graph.document import Graph

NODE_FIELDS = (
    "kind",
    "parameters",
    "position",
    "layer_name",
    "frozen",
    "learning_rate_factor",
    "shared_with",
)


def apply_edit(graph: Graph, edit: Mapping[str, Any]) -> Graph:
    """Return the graph after one edit; raise BuilderError for an unknown operation or id."""
    operation = OPERATIONS.get(str(edit.get("op")))
    if operation is None:
        raise malformed("An edit's 'op' must be one of the known operations", edit.get("op"))
    return operation(graph, edit)


def _add_node(graph: Graph, edit: Mapping[str, Any]) -> Graph:
    return replace(graph, nodes=(*graph.nodes, node_from_json(edit["node"])))


def _remove_node(graph: Graph, edit: Mapping[str, Any]) -> Graph:
    gone = _required(graph, edit["id"])
    nodes = tuple(
        replace(node, shared_with="") if node.shared_with == gone else node
        for node in graph.nodes
        if node.id != gone
    )
    edges = tuple(edge for edge in graph.edges if gone not in (edge.source, edge.target))
    emptier = [
        replace(group, nodes=tuple(name for name in group.nodes if name != gone)) for group in graph.groups
    ]
    return replace(graph, nodes=nodes, edges=edges, groups=tuple(group for group in emptier if group.nodes))


def _add_edge(graph: Graph, edit: Mapping[str, Any]) -> Graph:
    return replace(graph, edges=(*graph.edges, edge_from_json(edit["edge"])))


def _remove_edge(graph: Graph, edit: Mapping[str, Any]) -> Graph:
    gone = edge_from_json(edit["edge"])
    return replace(graph, edges=tuple(edge for edge in graph.edges if edge != gone))


def _set_parameter(graph: Graph, edit: Mapping[str, Any]) -> Graph:
    name, value = edit["name"], edit["value"]
    return _changed(
        graph, edit["id"], lambda node: replace(node, parameters={**node.parameters, name: value})
    )


def _set_node(graph: Graph, edit: Mapping[str, Any]) -> Graph:
    changes = {name: value for name, value in edit["changes"].items() if name in NODE_FIELDS}
    return _changed(graph, edit["id"], lambda node: node_from_json({**node.to_json(), **changes}))


def _rename_node(graph: Graph, edit: Mapping[str, Any]) -> Graph:
    before, after = _required(graph, edit["id"]), str(edit["to"])

    def renamed(name: str) -> str:
        return after if name == before else name

    nodes = tuple(
        replace(node, id=renamed(node.id), shared_with=renamed(node.shared_with)) for node in graph.nodes
    )
    edges = tuple(_reconnected(edge, renamed) for edge in graph.edges)
    groups = tuple(
        replace(group, nodes=tuple(renamed(name) for name in group.nodes)) for group in graph.groups
    )
    return replace(graph, nodes=nodes, edges=edges, groups=groups)


def _reconnected(edge: Edge, renamed: Callable[[str], str]) -> Edge:
    return replace(edge, source=renamed(edge.source), target=renamed(edge.target))


def _set_groups(graph: Graph, edit: Mapping[str, Any]) -> Graph:
    return replace(graph, groups=tuple(group_from_json(item) for item in list_of(edit, "groups")))


def _set_notes(graph: Graph, edit: Mapping[str, Any]) -> Graph:
    return replace(graph, notes=tuple(note_from_json(item) for item in list_of(edit, "notes")))


def _set_definition(graph: Graph, edit: Mapping[str, Any]) -> Graph:
    return graph.with_definition(str(edit["kind"]), edit["definition"])


def _changed(graph: Graph, node_id: str, change: Callable[[Node], Node]) -> Graph:
    _required(graph, node_id)
    return replace(graph, nodes=tuple(change(node) if node.id == node_id else node for node in graph.nodes))


def _required(graph: Graph, node_id: str) -> str:
    if all(node.id != node_id for node in graph.nodes):
        raise malformed("An edit must name a block of the model", node_id)
    return node_id


OPERATIONS: dict[str, Callable[[Graph, Mapping[str, Any]], Graph]] = {
    "add_node": _add_node,
    "remove_node": _remove_node,
    "add_edge": _add_edge,
    "remove_edge": _remove_edge,
    "set_parameter": _set_parameter,
    "set_node": _set_node,
    "rename_node": _rename_node,
    "set_groups": _set_groups,
    "set_notes": _set_notes,
    "set_definition": _set_definition,
}
