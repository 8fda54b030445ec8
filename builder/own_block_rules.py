"""What is wrong with the own blocks of a project, told outside them and at the blocks inside."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from builder.errors import Problem, Repair
from builder.graph import Definition, Graph, Node
from builder.own_blocks import (
    FREE_INPUT,
    OUTPUT,
    REPEAT,
    TRAINING,
    expanded_size,
    input_ports,
    is_own,
    output_ports,
    repeats,
)

MOST_EXPANDED = 20_000
MOST_LEVELS = 50


def definition_problems(graph: Graph) -> list[Problem]:
    """Return what is wrong with the own blocks that a graph uses: unknown, circular, too many or too deep."""
    problems = list(_unknown(graph))
    for kind, definition in graph.definitions.items():
        inner = _inner_problems(graph, kind, definition)
        problems += [_told_around(definition, problem, holder(graph, kind)) for problem in inner]
        problems += [
            replace(problem, block=holder(graph, kind)) for problem in _reserved_names(kind, definition)
        ]
        for node in graph.nodes:
            if node.kind == kind:
                problems += _use_problems(graph, node, definition)
    if not problems and _is_too_deep(graph):
        message = (
            f"Own blocks lie more than {MOST_LEVELS} deep in each other. Put the blocks of some of them in "
            "their places."
        )
        problems.append(Problem("own_blocks_too_deep", message))
    if not problems and expanded_size(graph) > MOST_EXPANDED:
        message = (
            f"With its own blocks expanded, the model would have more than {MOST_EXPANDED:,} blocks. "
            "Lower a 'repeat'."
        )
        problems.append(Problem("too_many_blocks", message))
    return problems


def problems_inside(graph: Graph) -> dict[str, list[Problem]]:
    """Return by own kind what ``definition_problems`` finds inside it, told of the blocks inside it.

    A kind that holds a broken one has a problem, too, at the block to open.
    """
    found = {
        kind: list(_inner_problems(graph, kind, definition)) for kind, definition in graph.definitions.items()
    }
    own = {kind: tuple(problems) for kind, problems in found.items() if problems}
    for kind, definition in graph.definitions.items():
        for node in definition.graph.nodes:
            deeper = {node.kind, *_used(graph, node.kind)} & set(own) - {kind}
            for inner in sorted(deeper):
                told = [_told_around(graph.definitions[inner], item, node.id) for item in own[inner]]
                found[kind] += told
    return {kind: problems for kind, problems in found.items() if problems}


def holder(graph: Graph, kind: str) -> str | None:
    """Return the first node of a graph that is an own block of this kind or holds one, at any depth."""
    return next((node.id for node in graph.nodes if kind in (node.kind, *_used(graph, node.kind))), None)


def _unknown(graph: Graph, known: Collection[str] | None = None) -> Iterator[Problem]:
    """Yield the nodes whose own kind is not among the known ones, which are by default the graph's own."""
    known = graph.definitions if known is None else known
    for node in graph.nodes:
        if is_own(node.kind) and node.kind not in known:
            message = (
                f"'{node.id}' is an own block of the kind '{node.kind}', which this project does not hold. "
                "Add it from the library, or remove the block."
            )
            repair = Repair("Remove the block", ({"op": "remove_node", "id": node.id},))
            yield Problem("unknown_own_block", message, node.id, repair=repair)


def _inner_problems(graph: Graph, kind: str, definition: Definition) -> Iterator[Problem]:
    """Yield what is wrong inside an own block, told of the blocks inside it."""
    for node in definition.graph.nodes:
        if kind in (node.kind, *_used(graph, node.kind)):
            message = f"The own block '{definition.label}' contains itself. Take it out of itself."
            repair = Repair("Remove the block", ({"op": "remove_node", "id": node.id},))
            yield Problem("own_block_in_itself", message, node.id, repair=repair)
            break
    yield from _unknown(definition.graph, graph.definitions)
    for port, noun in ((FREE_INPUT, "input"), (OUTPUT, "output")):
        if all(node.kind != port for node in definition.graph.nodes):
            message = f"The own block '{definition.label}' has no {noun}. Open it and add one."
            yield Problem("own_block_without_port", message)
    yield from definition.graph.check_structure()
    for node in definition.graph.nodes:
        if node.kind in graph.definitions:
            yield from _use_problems(definition.graph, node, graph.definitions[node.kind])


def _told_around(definition: Definition, problem: Problem, block: str | None) -> Problem:
    """Return a problem inside an own block as it is told of a block around it, where no repair reaches it."""
    whose = f"own block '{definition.label}'"
    message = problem.message if whose in problem.message else f"Inside the {whose}: {problem.message}"
    return replace(problem, message=message, block=block, field=None, repair=None)


def _reserved_names(kind: str, definition: Definition) -> Iterator[Problem]:
    """Yield the shown parameters that are called like what every own block has by itself."""
    reserved = {REPEAT: "how often it is applied"}
    if definition.nested_model:
        reserved[TRAINING] = "whether it runs as in training"
    for name, what in reserved.items():
        if all(item.name != name for item in definition.exposed):
            continue
        message = (
            f"The own block '{definition.label}' shows a parameter of a block inside it as '{name}', which "
            f"already says {what}. Show it under another name."
        )
        yield Problem("name_reserved", message, field=name, repair=_renamed(kind, definition, name))


def _renamed(kind: str, definition: Definition, name: str) -> Repair:
    first = next(item for item in definition.exposed if item.name == name)
    fresh = f"{first.node}_{first.parameter}"
    while fresh in {item.name for item in definition.exposed}:
        fresh += "_2"
    exposed = tuple(replace(item, name=fresh) if item.name == name else item for item in definition.exposed)
    edit = {
        "op": "set_definition",
        "kind": kind,
        "definition": replace(definition, exposed=exposed).to_json(),
    }
    return Repair(f"Show it as '{fresh}'", (edit,))


def _use_problems(graph: Graph, node: Node, definition: Definition) -> Iterator[Problem]:
    times = repeats(node)
    if times > 1 and definition.nested_model:
        message = (
            f"'{node.id}' is a model inside the model, which cannot be repeated. Set 'repeat' to 1, and copy "
            "it where it is needed again."
        )
        yield Problem("cannot_repeat", message, node.id, REPEAT, _repeated(node, 1, "Use it once"))
    elif times > 1 and not _is_chain(definition):
        message = (
            f"'{node.id}' cannot be repeated: only an own block with one input and one output can. "
            "Set 'repeat' to 1."
        )
        yield Problem("cannot_repeat", message, node.id, REPEAT, _repeated(node, 1, "Use it once"))
    owner = next((item for item in graph.nodes if item.id == node.shared_with), None)
    if owner is not None and owner.kind == node.kind and repeats(owner) != times:
        message = (
            f"'{node.id}' uses the weights of '{owner.id}', but is repeated {times} times and '{owner.id}' "
            f"{repeats(owner)} times. Both need the same 'repeat'."
        )
        repair = _repeated(node, repeats(owner), f"Set its repeat to {repeats(owner)}")
        yield Problem("cannot_share", message, node.id, REPEAT, repair)


def _repeated(node: Node, times: int, label: str) -> Repair:
    return Repair(label, ({"op": "set_parameter", "id": node.id, "name": REPEAT, "value": times},))


def _is_too_deep(graph: Graph) -> bool:
    level = set(graph.definitions)
    for _ in range(MOST_LEVELS):
        level = {node.kind for kind in level for node in graph.definitions[kind].graph.nodes}
        level &= set(graph.definitions)
        if not level:
            return False
    return True


def _is_chain(definition: Definition) -> bool:
    return len(input_ports(definition)) == 1 and len(output_ports(definition)) == 1


def _used(graph: Graph, kind: str) -> set[str]:
    """Return every own kind that lies in an own block, at any depth."""
    found: set[str] = set()
    waiting = [kind]
    while waiting:
        definition = graph.definitions.get(waiting.pop())
        inner = [] if definition is None else [node.kind for node in definition.graph.nodes]
        fresh = [name for name in inner if is_own(name) and name not in found]
        found.update(fresh)
        waiting += fresh
    return found
