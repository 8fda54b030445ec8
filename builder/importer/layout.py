"""Tidy places for the blocks of a large graph: from top to bottom, branches side by side.

Layers by the longest way from an input, order in a layer by the mean place of the neighbors.

Reference: Sugiyama, Tagawa & Toda, Methods for Visual Understanding of Hierarchical System Structures (1981).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from builder.graph import Graph

WIDTH, STEP = 240.0, 120.0
# What keeps a way free for a connection past other blocks.
LANE = 70.0
SWEEPS = 4
LONGEST_LANE = 60


def laid_out(graph: Graph) -> Graph:
    """Return the graph with a new place for every block, in its own blocks too."""
    definitions = {
        kind: replace(item, graph=laid_out(item.graph)) for kind, item in graph.definitions.items()
    }
    places = _places(graph)
    nodes = tuple(replace(node, position=places[node.id]) for node in graph.nodes)
    return replace(graph, nodes=nodes, definitions=definitions)


def _places(graph: Graph) -> dict[str, tuple[float, float]]:
    depths = _depths(graph)
    rows: dict[int, list[str]] = {}
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for node in graph.in_order():
        rows.setdefault(depths[node.id], []).append(node.id)
    for number, edge in enumerate(graph.edges):
        for start, end in pairwise(_way(edge.source, edge.target, depths, rows, number)):
            below.setdefault(start, []).append(end)
            above.setdefault(end, []).append(start)
    ordered = [rows[depth] for depth in sorted(rows)]
    for _ in range(SWEEPS):
        _sweep(ordered, above)
        _sweep(list(reversed(ordered)), below)
    places: dict[str, tuple[float, float]] = {}
    for depth, row in enumerate(ordered):
        for name, across in _across(row):
            places[name] = (across, depth * STEP)
    return {node.id: places[node.id] for node in graph.nodes}


def _depths(graph: Graph) -> dict[str, int]:
    depths = {node.id: 0 for node in graph.nodes}
    for node in graph.in_order():
        for edge in graph.outgoing(node.id):
            depths[edge.target] = max(depths[edge.target], depths[node.id] + 1)
    # An input that is read late lies right above its reader.
    for node in graph.nodes:
        readers = [depths[edge.target] for edge in graph.outgoing(node.id)]
        if readers and not graph.incoming(node.id):
            depths[node.id] = min(readers) - 1
    return depths


def _way(
    source: str, target: str, depths: dict[str, int], rows: dict[int, list[str]], number: int
) -> Iterable[str]:
    """Return the stations of a connection, a lane in each row between; very long ones go without."""
    between = range(depths[source] + 1, depths[target])
    if len(between) > LONGEST_LANE:
        return [source, target]
    lanes = [f"{number}/{depth}" for depth in between]
    for depth, lane in zip(between, lanes, strict=True):
        rows[depth].append(lane)
    return [source, *lanes, target]


def _sweep(rows: list[list[str]], neighbors: dict[str, list[str]]) -> None:
    for before, row in pairwise(rows):
        place = {name: number - (len(before) - 1) / 2 for number, name in enumerate(before)}
        own = {name: number - (len(row) - 1) / 2 for number, name in enumerate(row)}

        def middle(name: str, place: dict[str, float] = place, own: dict[str, float] = own) -> float:
            found = [place[other] for other in neighbors.get(name, ()) if other in place]
            return sum(found) / len(found) if found else own[name]

        row.sort(key=middle)


def _across(row: list[str]) -> list[tuple[str, float]]:
    widths = [LANE if "/" in name else WIDTH for name in row]
    left = -sum(widths) / 2
    found = []
    for name, width in zip(row, widths, strict=True):
        found.append((name, left))
        left += width
    return found
