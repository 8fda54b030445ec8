"""The order in which a model is put together, and in which its script reads: one path after the other.

Initial weights follow from the order in which layers are made, so the builder and the generated script go
through a graph alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from builder.graph import Graph, Node
from builder.own_blocks import inner_nodes, repeats


def reading_order(graph: Graph) -> list[Node]:
    """Return the nodes so that each follows what it reads, and paths and groups stay together.

    A shared layer is applied in the order of its nodes in the document, where the connections let it.
    Nodes on a cycle, and what follows them, are left out.
    """
    ordered = _ordered(graph, {})
    calls = _next_calls(graph)
    by_call = _ordered(graph, calls) if calls else ordered
    return by_call if len(by_call) == len(ordered) else ordered


def _next_calls(graph: Graph) -> dict[str, str]:
    """Return for each node with a shared layer the node that applies the layer next."""
    calls: dict[str, list[str]] = {}
    for node in graph.nodes:
        if node.shared_with:
            calls.setdefault(node.shared_with, [node.shared_with]).append(node.id)
    return {
        before: after for order in calls.values() for before, after in zip(order, order[1:], strict=False)
    }


def _ordered(graph: Graph, next_calls: dict[str, str]) -> list[Node]:
    waiting = {node.id: len(graph.incoming(node.id)) for node in graph.nodes}
    for after in next_calls.values():
        waiting[after] += 1
    group_of = {node_id: group.id for group in graph.groups for node_id in group.nodes}
    # What became ready last comes first; a new input has to wait until nothing else can go on.
    ready = [node.id for node in reversed(graph.nodes) if not waiting[node.id]]
    ordered: list[Node] = []
    group = None
    while ready:
        node_id = ready.pop(_next_place(ready, group, group_of))
        ordered.append(graph.node(node_id))
        group = group_of.get(node_id)
        freed = [next_calls[node_id]] if node_id in next_calls else []
        for target in [*freed, *(edge.target for edge in reversed(graph.outgoing(node_id)))]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return ordered


def building_order(document: Graph, kept: Collection[str] = ()) -> Iterator[str]:
    """Yield the ids of the blocks to build, those inside own blocks where the own block stands.

    Nested models, and own blocks of the kinds in ``kept``, are blocks themselves, as in
    ``builder.own_blocks.expand(document, keep_nested=True, kept=kept)``.
    """
    for node in reading_order(document):
        definition = document.definitions.get(node.kind)
        if definition is None or definition.nested_model or node.kind in kept:
            yield node.id
            continue
        nodes = tuple(inner_nodes(definition, node))
        inner = replace(definition.graph, nodes=nodes, definitions=document.definitions)
        count = repeats(node)
        for number in range(1, count + 1):
            prefix = f"{node.id}_" if count == 1 else f"{node.id}_{number}_"
            yield from (prefix + inner_id for inner_id in building_order(inner, kept))


def _next_place(ready: list[str], group: str | None, group_of: dict[str, str]) -> int:
    if group is not None:
        for place in reversed(range(len(ready))):
            if group_of.get(ready[place]) == group:
                return place
    return len(ready) - 1
