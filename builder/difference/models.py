"""The changes from one graph of blocks to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from builder.difference.changes import Change, became
from builder.difference.kinds import Kind, label_of
from builder.difference.matching import matching_blocks
from builder.graph import Definition, Edge, Graph, Node

# What a node's JSON says beside its parameters, in words for people; a new one shows as its own name.
PROPERTY_WORDS = {
    "layer_name": "the layer name",
    "frozen": "frozen",
    "learning_rate_factor": "the learning-rate factor",
    "shared_with": "the block that lends its weights",
}
ORDINARY = {"id", "kind", "parameters", "position"}
Wire = tuple[str, str, str, str]


def model_changes(
    before: Graph, after: Graph, kinds: Mapping[str, Kind]
) -> tuple[list[Change], dict[str, str]]:
    """Return the changes from one graph to another, and the name that every kept block has afterwards.

    Connections that come and go with a block are not told apart from it.
    """
    names = matching_blocks(before, after)
    kinds = {**kinds, **_own_kinds(before), **_own_kinds(after)}
    added = [node for node in after.nodes if node.id not in set(names.values())]
    removed = [node for node in before.nodes if node.id not in names]
    changes = [_added(node, after, kinds) for node in added]
    changes += [_removed(node, kinds) for node in removed]
    for old_name, new_name in names.items():
        changes += _block_changes(before.node(old_name), after.node(new_name), names, kinds)
    changes += _wire_changes(before, after, names)
    changes += _own_block_changes(before, after, kinds)
    return [*changes, *_layout_changes(before, after, names)], names


def _own_kinds(graph: Graph) -> dict[str, Kind]:
    return {kind: Kind(definition.label) for kind, definition in graph.definitions.items()}


def _added(node: Node, graph: Graph, kinds: Mapping[str, Kind]) -> Change:
    words = f"added {label_of(node.kind, kinds)} '{node.id}'{_place(node, graph)}"
    return Change("added", words, node.id, after=node.kind)


def _place(node: Node, graph: Graph) -> str:
    sources = [edge.source for edge in graph.incoming(node.id)]
    targets = [edge.target for edge in graph.outgoing(node.id)]
    if len(sources) == 1 and len(targets) == 1:
        return f" between '{sources[0]}' and '{targets[0]}'"
    if sources:
        return f" after '{sources[0]}'"
    return f" before '{targets[0]}'" if targets else ""


def _removed(node: Node, kinds: Mapping[str, Kind]) -> Change:
    return Change("removed", f"removed {label_of(node.kind, kinds)} '{node.id}'", node.id, before=node.kind)


def _block_changes(
    old: Node, new: Node, names: Mapping[str, str], kinds: Mapping[str, Kind]
) -> Iterator[Change]:
    if old.id != new.id:
        yield Change("renamed", f"renamed '{old.id}' to '{new.id}'", new.id, "id", old.id, new.id)
    if old.kind != new.kind:
        labels = label_of(old.kind, kinds), label_of(new.kind, kinds)
        words = f"'{new.id}' changed from {labels[0]} to {labels[1]}"
        yield Change("replaced", words, new.id, "kind", old.kind, new.kind)
        return
    yield from _parameter_changes(old, new, kinds.get(new.kind, Kind(new.kind)))
    yield from _property_changes(old, new, names)


def _parameter_changes(old: Node, new: Node, kind: Kind) -> Iterator[Change]:
    for name in sorted({*old.parameters, *new.parameters}):
        default = kind.defaults.get(name, "default")
        values = old.parameters.get(name, default), new.parameters.get(name, default)
        if values[0] != values[1]:
            words = f"{kind.labels.get(name, name).lower()} of '{new.id}' {became(*values)}"
            yield Change("parameter", words, new.id, name, *values)


def _property_changes(old: Node, new: Node, names: Mapping[str, str]) -> Iterator[Change]:
    one, other = _properties(old), _properties(new)
    if "shared_with" in one:
        one["shared_with"] = names.get(one["shared_with"], one["shared_with"])
    for name in sorted({*one, *other}):
        values = one.get(name), other.get(name)
        if values[0] == values[1]:
            continue
        words = f"{PROPERTY_WORDS.get(name, name)} of '{new.id}' {became(*values)}"
        if name == "frozen":
            words = f"{'froze' if values[1] else 'unfroze'} '{new.id}'"
        yield Change("property", words, new.id, name, *values)


def _properties(node: Node) -> dict[str, Any]:
    return {name: value for name, value in node.to_json().items() if name not in ORDINARY}


def _wire_changes(before: Graph, after: Graph, names: Mapping[str, str]) -> Iterator[Change]:
    """Tell the connections between kept blocks that came or went, except by a block put in or taken out."""
    old = Counter(
        (names[edge.source], edge.source_port, names[edge.target], edge.target_port)
        for edge in before.edges
        if edge.source in names and edge.target in names
    )
    kept = set(names.values())
    new = Counter(_wire(edge) for edge in after.edges if edge.source in kept and edge.target in kept)
    origins = {name: old_name for old_name, name in names.items()}
    for wire in old - new:
        if not _is_reached(after, wire[0], wire[2], kept):
            yield _wire_change("disconnected", wire, before=_ends(wire))
    for wire in new - old:
        if not _is_reached(before, origins[wire[0]], origins[wire[2]], set(names)):
            yield _wire_change("connected", wire, after=_ends(wire))
    yield from _order_changes(before, after, names, kept)


def _wire(edge: Edge) -> Wire:
    return (edge.source, edge.source_port, edge.target, edge.target_port)


def _ends(wire: Wire) -> str:
    source, source_port, target, target_port = wire
    start = source if source_port == "output" else f"{source}.{source_port}"
    return f"{start} → {target if target_port == 'input' else f'{target}.{target_port}'}"


def _wire_change(done: str, wire: Wire, before: str | None = None, after: str | None = None) -> Change:
    joint = "and" if done == "connected" else "from"
    words = f"{done} '{wire[0]}' {joint} '{wire[2]}'"
    return Change("wire", words, wire[2], wire[3], before, after)


def _is_reached(graph: Graph, source: str, target: str, kept: set[str]) -> bool:
    """Tell whether a path leads from one block to another through blocks that are not kept, only."""
    waiting, seen = [source], set()
    while waiting:
        for edge in graph.outgoing(waiting.pop()):
            if edge.target not in kept and edge.target not in seen:
                seen.add(edge.target)
                waiting.append(edge.target)
    return any(edge.source in seen for edge in graph.incoming(target))


def _order_changes(before: Graph, after: Graph, names: Mapping[str, str], kept: set[str]) -> Iterator[Change]:
    """Tell the ports that read from the same blocks in another order: a Concatenate's result differs."""
    for old_name, name in names.items():
        old = [
            (names[edge.source], edge.source_port, edge.target_port)
            for edge in before.incoming(old_name)
            if edge.source in names
        ]
        new = [
            (edge.source, edge.source_port, edge.target_port)
            for edge in after.incoming(name)
            if edge.source in kept
        ]
        if old != new and sorted(old) == sorted(new) and _by_port(old) != _by_port(new):
            values = ", ".join(end[0] for end in old), ", ".join(end[0] for end in new)
            words = f"order of what '{name}' reads {became(*values)}"
            yield Change("wire", words, name, "order", *values)


def _by_port(ends: Iterable[tuple[str, str, str]]) -> dict[str, list[tuple[str, str]]]:
    ports: dict[str, list[tuple[str, str]]] = {}
    for source, source_port, target_port in ends:
        ports.setdefault(target_port, []).append((source, source_port))
    return ports


def _own_block_changes(before: Graph, after: Graph, kinds: Mapping[str, Kind]) -> Iterator[Change]:
    for kind in sorted({*before.definitions, *after.definitions}):
        old, new = before.definitions.get(kind), after.definitions.get(kind)
        if old is None or new is None:
            done = "added" if old is None else "removed"
            words = f"{done} the own block {label_of(kind, kinds)}"
            yield Change("own_block", words, field=kind, before=old and old.label, after=new and new.label)
        elif old.to_json() != new.to_json():
            inner = _inner_words(old, new, kinds)
            words = f"changed the own block {label_of(kind, kinds)}" + (f" ({inner})" if inner else "")
            yield Change("own_block", words, field=kind, before=old.label, after=new.label)


def _inner_words(old: Definition, new: Definition, kinds: Mapping[str, Kind]) -> str:
    changes, _ = model_changes(old.graph, new.graph, kinds)
    return "; ".join(change.words for change in changes if not change.cosmetic)


def _layout_changes(before: Graph, after: Graph, names: Mapping[str, str]) -> Iterator[Change]:
    moved = [name for old, name in names.items() if before.node(old).position != after.node(name).position]
    if moved:
        words = f"moved '{moved[0]}'" if len(moved) == 1 else f"moved {len(moved)} blocks"
        yield Change("layout", words, field="position", cosmetic=True)
    for part in ("groups", "notes"):
        old_part = [item.to_json() for item in getattr(before, part)]
        new_part = [item.to_json() for item in getattr(after, part)]
        if old_part != new_part:
            yield Change("layout", f"changed the {part}", field=part, cosmetic=True)
