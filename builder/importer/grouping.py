"""Groups of blocks that belong together, told by the names of their layers."""

from __future__ import annotations

import re
from dataclasses import replace

from builder.blocks.imported import OPERATION
from builder.graph import Graph, Group
from builder.importer.names import slug

SMALLEST_GRAPH = 30
SMALLEST_GROUP, LARGEST_GROUP = 3, 80
_PART = re.compile(
    r"^(.*(?:block|stage|cell|encoder|decoder|unit|stack|module|fire|inception|mixed|layer)_?\d+[a-z]?)_.+"
)
_JOINS = ("add.v1", "multiply.v1", "concatenate.v1", OPERATION)


def grouped(graph: Graph) -> Graph:
    """Return the graph with a group for each part that its layers' names tell of; small ones need none."""
    if len(graph.nodes) < SMALLEST_GRAPH:
        return graph
    part_of: dict[str, str] = {}
    for node in graph.in_order():
        found = _PART.match(node.name)
        if found:
            part_of[node.id] = found.group(1)
        elif node.kind in _JOINS:
            # What joins the branches of a part belongs to the part that it ends.
            parts = [part_of[edge.source] for edge in graph.incoming(node.id) if edge.source in part_of]
            if parts:
                part_of[node.id] = max(parts, key=lambda part: list(part_of.values()).index(part))
    members: dict[str, list[str]] = {}
    for node in graph.nodes:
        if node.id in part_of:
            members.setdefault(part_of[node.id], []).append(node.id)
    groups = [
        Group(slug(part), part.replace("_", " "), tuple(nodes))
        for part, nodes in members.items()
        if SMALLEST_GROUP <= len(nodes) <= LARGEST_GROUP
    ]
    return replace(graph, groups=tuple({group.id: group for group in groups}.values()))
