"""Which block of one graph is which block of another: by name first, then by kind and neighbors."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable

from builder.graph import Graph, Node

# Tells a block's name in the second graph, or None while it is not known.
Names = Callable[[str], str | None]
Key = Callable[[Graph, Node, Names], Hashable | None]


def matching_blocks(before: Graph, after: Graph) -> dict[str, str]:
    """Return the blocks of ``before`` that are still there, each with its name in ``after``.

    A block is the same where name and kind are. Else it was renamed where a block of its kind reads
    from the same blocks, or feeds the same ones, or is the next one with the same settings. What has
    kept its name but not its kind is the same block, too. Every step looks at each block once.
    """
    found = _Matching(before, after)
    found.by_name(same_kind=True)
    found.by_key(_reads, before.in_order(), after.in_order())
    found.by_key(_feeds, before.in_order()[::-1], after.in_order()[::-1])
    found.by_key(_looks_like, before.nodes, after.nodes)
    found.by_name(same_kind=False)
    return found.names


class _Matching:
    """The matches found so far; every step adds to them."""

    def __init__(self, before: Graph, after: Graph) -> None:
        self.before, self.after = before, after
        self.names: dict[str, str] = {}
        self.taken: set[str] = set()

    def by_name(self, same_kind: bool) -> None:
        there = {node.id: node.kind for node in self.after.nodes}
        for node in self.before.nodes:
            is_kind = not same_kind or there.get(node.id) == node.kind
            is_free = node.id not in self.names and node.id not in self.taken
            if node.id in there and is_kind and is_free:
                self._match(node.id, node.id)

    def by_key(self, key: Key, before: Iterable[Node], after: Iterable[Node]) -> None:
        """Match blocks whose keys agree, in order; of several with one key, the one with equal settings."""
        waiting: dict[Hashable, dict[str, str]] = defaultdict(dict)
        for node in after:
            if node.id not in self.taken:
                waiting[key(self.after, node, _as_it_is)][node.id] = _settings(node)
        waiting.pop(None, None)
        for node in before:
            rivals = {} if node.id in self.names else waiting.get(key(self.before, node, self.names.get), {})
            if rivals:
                settings = _settings(node)
                alike = (name for name, other in rivals.items() if other == settings)
                name = next(alike, next(iter(rivals)))
                self._match(node.id, name)
                del rivals[name]

    def _match(self, before: str, after: str) -> None:
        self.names[before] = after
        self.taken.add(after)


def _as_it_is(name: str) -> str:
    return name


def _reads(graph: Graph, node: Node, names: Names) -> Hashable | None:
    ends = [(names(edge.source), edge.source_port, edge.target_port) for edge in graph.incoming(node.id)]
    return _neighbors(node, ends)


def _feeds(graph: Graph, node: Node, names: Names) -> Hashable | None:
    ends = [(names(edge.target), edge.source_port, edge.target_port) for edge in graph.outgoing(node.id)]
    return _neighbors(node, ends)


def _neighbors(node: Node, ends: list[tuple[str | None, str, str]]) -> Hashable | None:
    # A block without neighbors, or beside one that is not matched yet, says nothing here.
    if not ends or any(name is None for name, _, _ in ends):
        return None
    return (node.kind, tuple(sorted(str(end) for end in ends)))


def _looks_like(graph: Graph, node: Node, names: Names) -> Hashable | None:
    return (node.kind, _settings(node))


def _settings(node: Node) -> str:
    return json.dumps(dict(node.parameters), sort_keys=True, default=repr)
