"""Blocks of a person's own: graphs that stand in other graphs as one node, and their expansion."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from builder.errors import Problem, Repair
from builder.graph import Definition, Edge, Graph, Node

OWN = "own."
FREE_INPUT = "tensor_input.v1"
OUTPUT = "output.v1"
REPEAT = "repeat"
MOST_REPEATS = 100
MOST_EXPANDED = 20_000
MOST_LEVELS = 50


@dataclass(frozen=True)
class Expansion:
    """A graph without own blocks, and for each block that stood in one the node that is shown for it.

    ``aliases`` maps an own block's output, and that of the ports inside it, ``(node id, port)``, to the
    output in the flat graph. ``parents`` maps a node that stood in an own block to the node that used the
    block, at every depth; ``uses`` maps an own kind to its first use and what the names inside it begin with.
    """

    graph: Graph
    owners: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)
    uses: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def owner(self, node_id: str) -> str:
        """Return the node of the document that stands for a node of the flat graph."""
        return self.owners.get(node_id, node_id)


def is_own(kind: str) -> bool:
    """Tell whether a kind names an own block."""
    return kind.startswith(OWN)


def input_ports(definition: Definition) -> dict[str, str]:
    """Return the inner free input of every input port of an own block; a lone port is ``"input"``."""
    return _ports(definition, FREE_INPUT, "input")


def output_ports(definition: Definition) -> dict[str, str]:
    """Return the inner output marker of every output port of an own block; a lone port is ``"output"``."""
    return _ports(definition, OUTPUT, "output")


def repeats(node: Node) -> int:
    """Return how often a node's own block is applied one after the other; 1 for a bad value."""
    value = node.parameters.get(REPEAT, 1)
    is_count = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_REPEATS
    return value if is_count else 1


def expand(graph: Graph, keep_nested: bool = False, kept: Collection[str] = ()) -> Expansion:
    """Return the graph with every own block replaced by the blocks inside it.

    Args:
        graph: a graph without ``definition_problems``.
        keep_nested: leave the nested models of opened files as nodes.
        kept: kinds of other own blocks to leave as nodes.
    """
    owners: dict[str, str] = {}
    aliases: dict[tuple[str, str], tuple[str, str]] = {}
    parents: dict[str, str] = {}
    uses: dict[str, tuple[str, str]] = {}
    while True:
        chosen = [
            node for node in graph.nodes if node.kind not in kept and _expands(graph, node, keep_nested)
        ]
        if not chosen:
            return Expansion(graph, owners, aliases, parents, uses)
        for node in chosen:
            uses.setdefault(node.kind, (node.id, _prefix(node, 1)))
        graph, came_from = _one_level(graph, chosen, aliases)
        parents.update(came_from)
        owners.update({inner: owners.get(outer, outer) for inner, outer in came_from.items()})


def definition_problems(graph: Graph) -> list[Problem]:
    """Return what is wrong with the own blocks that a graph uses: unknown, circular, too many or too deep."""
    problems = []
    for node in graph.nodes:
        if is_own(node.kind) and node.kind not in graph.definitions:
            message = (
                f"'{node.id}' is an own block of the kind '{node.kind}', which this project does not hold. "
                "Add it from the library, or remove the block."
            )
            repair = Repair("Remove the block", ({"op": "remove_node", "id": node.id},))
            problems.append(Problem("unknown_own_block", message, node.id, repair=repair))
    for kind, definition in graph.definitions.items():
        problems += _one_definition(graph, kind, definition)
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


def expanded_size(graph: Graph) -> int:
    """Return the number of blocks of a graph after expansion, without making it."""
    sizes: dict[str, int] = {}

    def size(nodes: tuple[Node, ...]) -> int:
        total = 0
        for node in nodes:
            definition = graph.definitions.get(node.kind)
            if definition is not None and node.kind not in sizes:
                sizes[node.kind] = size(definition.graph.nodes)
            total += sizes[node.kind] * repeats(node) if definition is not None else 1
        return total

    return size(graph.nodes)


def _ports(definition: Definition, kind: str, lone: str) -> dict[str, str]:
    names = [node.id for node in definition.graph.nodes if node.kind == kind]
    return {lone: names[0]} if len(names) == 1 else {name: name for name in names}


def _expands(graph: Graph, node: Node, keep_nested: bool) -> bool:
    definition = graph.definitions.get(node.kind)
    return definition is not None and not (keep_nested and definition.nested_model)


def _one_definition(graph: Graph, kind: str, definition: Definition) -> Iterator[Problem]:
    users = [node.id for node in graph.nodes if node.kind == kind]
    block = users[0] if users else None
    if kind in _used(graph, kind):
        message = f"The own block '{definition.label}' contains itself. Take it out of itself."
        yield Problem("own_block_in_itself", message, block)
    missing = [node.kind for node in definition.graph.nodes if _is_missing(graph, node)]
    if missing:
        message = (
            f"The own block '{definition.label}' contains the own block '{missing[0]}', which this project "
            "does not hold. Add it from the library, or remove it there."
        )
        yield Problem("unknown_own_block", message, block)
    for port, noun in ((FREE_INPUT, "input"), (OUTPUT, "output")):
        if all(node.kind != port for node in definition.graph.nodes):
            message = f"The own block '{definition.label}' has no {noun}. Open it and add one."
            yield Problem("own_block_without_port", message, block)
    for problem in definition.graph.check_structure():
        yield _inside_of(definition, problem, block)
    for node in graph.nodes:
        if node.kind == kind:
            yield from _use_problems(graph, node, definition)
    for node in definition.graph.nodes:
        if node.kind in graph.definitions:
            for problem in _use_problems(definition.graph, node, graph.definitions[node.kind]):
                yield _inside_of(definition, problem, block)


def _inside_of(definition: Definition, problem: Problem, block: str | None) -> Problem:
    """Return a problem inside an own block as it is told outside, where no repair reaches it."""
    message = f"Inside the own block '{definition.label}': {problem.message}"
    return replace(problem, message=message, block=block, field=None, repair=None)


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


def _is_missing(graph: Graph, node: Node) -> bool:
    return is_own(node.kind) and node.kind not in graph.definitions


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


def _one_level(
    graph: Graph, chosen: list[Node], aliases: dict[tuple[str, str], tuple[str, str]]
) -> tuple[Graph, dict[str, str]]:
    """Return the graph with the chosen own blocks opened, and the own block that each inner one was in."""
    nodes: list[Node] = []
    edges: list[Edge] = []
    feeds: dict[tuple[str, str], tuple[str, str]] = {}
    ports: dict[tuple[str, str], tuple[str, str]] = {}
    parents: dict[str, str] = {}
    own = {node.id for node in chosen}
    for node in graph.nodes:
        if node.id not in own:
            nodes.append(node)
            edges += graph.incoming(node.id)
            continue
        opened = _inside(graph, node)
        nodes += opened.nodes
        edges += opened.edges
        feeds.update(opened.outputs)
        ports.update(opened.ports)
        parents.update({inner.id: node.id for inner in opened.nodes})
    resolved = [_resolved(edge, feeds) for edge in edges]
    known = {node.id for node in nodes}
    aliases.update({**ports, **feeds})
    for end in list(aliases):
        aliases[end] = _followed(aliases[end], feeds)
    kept = tuple(edge for edge in resolved if edge.source in known)
    return replace(graph, nodes=tuple(nodes), edges=kept, groups=()), parents


@dataclass(frozen=True)
class _Inside:
    """What takes an own block's place: its blocks, what feeds each output, and each marker inside it."""

    nodes: list[Node]
    edges: list[Edge]
    outputs: dict[tuple[str, str], tuple[str, str]]
    ports: dict[tuple[str, str], tuple[str, str]]


def _prefix(node: Node, number: int) -> str:
    """Return what the names of the blocks inside an own block begin with, once it is expanded."""
    return f"{node.id}_" if repeats(node) == 1 else f"{node.id}_{number}_"


def _inside(graph: Graph, node: Node) -> _Inside:
    """Return what takes an own block's place.

    An edge from a free input is led to what is connected to that port outside.
    """
    definition = graph.definitions[node.kind]
    inputs = {inner: port for port, inner in input_ports(definition).items()}
    arriving = {edge.target_port: (edge.source, edge.source_port) for edge in graph.incoming(node.id)}
    nodes: list[Node] = []
    edges: list[Edge] = []
    ports: dict[tuple[str, str], tuple[str, str]] = {}
    for number in range(1, repeats(node) + 1):
        prefix = _prefix(node, number)
        sources = {inner: arriving.get(port) for inner, port in inputs.items()}
        nodes += _renamed_nodes(definition, node, prefix)
        made, outs = _renamed_edges(definition, prefix, sources)
        edges += made
        markers = {output_ports(definition)[port]: end for port, end in outs.items()}
        for inner, marked in {**sources, **markers}.items():
            if marked is not None:
                ports[prefix + inner, "output"] = marked
        arriving = {port: end for port, end in zip(input_ports(definition), outs.values(), strict=False)}
    return _Inside(nodes, edges, {(node.id, port): end for port, end in outs.items()}, ports)


def inner_nodes(definition: Definition, node: Node) -> list[Node]:
    """Return the nodes inside an own block, with the parameters that a use of it gives them."""
    given: dict[str, dict[str, object]] = {}
    for item in definition.exposed:
        if item.name in node.parameters:
            given.setdefault(item.node, {})[item.parameter] = node.parameters[item.name]
    return [
        replace(inner, parameters={**inner.parameters, **given.get(inner.id, {})})
        for inner in definition.graph.nodes
    ]


def _renamed_nodes(definition: Definition, node: Node, prefix: str) -> list[Node]:
    return [
        replace(
            inner,
            id=prefix + inner.id,
            layer_name="",
            frozen=inner.frozen or node.frozen,
            learning_rate_factor=inner.learning_rate_factor * node.learning_rate_factor,
            shared_with=_shared(inner, node, prefix),
        )
        for inner in inner_nodes(definition, node)
        if inner.kind not in (FREE_INPUT, OUTPUT)
    ]


def _shared(inner: Node, node: Node, prefix: str) -> str:
    if node.shared_with:
        # A second use of a whole own block uses every layer in it a second time.
        return prefix.replace(node.id, node.shared_with, 1) + (inner.shared_with or inner.id)
    return prefix + inner.shared_with if inner.shared_with else ""


def _renamed_edges(
    definition: Definition, prefix: str, sources: Mapping[str, tuple[str, str] | None]
) -> tuple[list[Edge], dict[str, tuple[str, str]]]:
    markers = {inner: port for port, inner in output_ports(definition).items()}
    edges: list[Edge] = []
    outs: dict[str, tuple[str, str]] = {}
    for node in definition.graph.nodes:
        for edge in definition.graph.incoming(node.id):
            end = (prefix + edge.source, edge.source_port)
            if edge.source in sources:
                outside = sources[edge.source]
                if outside is None:
                    continue
                end = outside
            if node.id in markers:
                outs[markers[node.id]] = end
            else:
                edges.append(Edge(end[0], prefix + node.id, edge.target_port, end[1]))
    return edges, {port: outs[port] for port in markers.values() if port in outs}


def _followed(end: tuple[str, str], feeds: Mapping[tuple[str, str], tuple[str, str]]) -> tuple[str, str]:
    # An own block may hand an input straight through, so that the source is another own block's output.
    while end in feeds:
        end = feeds[end]
    return end


def _resolved(edge: Edge, feeds: Mapping[tuple[str, str], tuple[str, str]]) -> Edge:
    source, port = _followed((edge.source, edge.source_port), feeds)
    return replace(edge, source=source, source_port=port)
