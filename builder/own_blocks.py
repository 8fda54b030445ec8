"""Blocks of a person's own: graphs that stand in other graphs as one node, and their expansion."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from builder.graph import Definition, Edge, Graph, Node

OWN = "own."
FREE_INPUT = "tensor_input.v1"
OUTPUT = "output.v1"
REPEAT = "repeat"
TRAINING = "training"
MOST_REPEATS = 100


@dataclass(frozen=True)
class Expansion:
    """A graph without own blocks, and for each block that stood in one the node that is shown for it.

    ``aliases`` maps an own block's output, and that of the ports inside it, ``(node id, port)``, to the
    output in the flat graph. ``parents`` maps a node that stood in an own block to the node that used the
    block, at every depth; ``uses`` maps an own kind to its first use and what the names inside it begin with.
    ``levels`` are the graphs in which own blocks were opened, from the document inwards; ``torn`` are the
    inputs, ``(node id, port)``, that get nothing only because of what an own block before or around them
    lacks.
    """

    graph: Graph
    owners: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)
    uses: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    levels: tuple[Graph, ...] = ()
    torn: frozenset[tuple[str, str]] = frozenset()

    def owner(self, node_id: str) -> str:
        """Return the node of the document that stands for a node of the flat graph."""
        return self.owners.get(node_id, node_id)

    def holders(self, node_id: str) -> Iterator[str]:
        """Yield the own blocks that a node of any level stands in, the innermost first."""
        at = self.parents.get(node_id)
        while at is not None:
            yield at
            at = self.parents.get(at)


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
    levels: list[Graph] = []
    torn: set[tuple[str, str]] = set()
    while True:
        chosen = [
            node for node in graph.nodes if node.kind not in kept and _expands(graph, node, keep_nested)
        ]
        if not chosen:
            return Expansion(graph, owners, aliases, parents, uses, tuple(levels), frozenset(torn))
        for node in chosen:
            uses.setdefault(node.kind, (node.id, _prefix(node, 1)))
        levels.append(graph)
        graph, came_from = _one_level(graph, chosen, aliases, torn)
        parents.update(came_from)
        owners.update({inner: owners.get(outer, outer) for inner, outer in came_from.items()})


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


def _one_level(
    graph: Graph,
    chosen: list[Node],
    aliases: dict[tuple[str, str], tuple[str, str]],
    torn: set[tuple[str, str]],
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
        torn.update(opened.torn)
        parents.update({name: node.id for name in opened.names})
    resolved = [_resolved(edge, feeds) for edge in edges]
    known = {node.id for node in nodes}
    torn.update((edge.target, edge.target_port) for edge in resolved if edge.source not in known)
    aliases.update({**ports, **feeds})
    for end in list(aliases):
        aliases[end] = _followed(aliases[end], feeds)
    kept = tuple(edge for edge in resolved if edge.source in known)
    return replace(graph, nodes=tuple(nodes), edges=kept, groups=()), parents


@dataclass(frozen=True)
class _Inside:
    """What takes an own block's place: its blocks, what feeds each output, and each marker inside it.

    ``names`` are those of its blocks and output markers; ``torn`` as in ``Expansion``.
    """

    nodes: list[Node]
    edges: list[Edge]
    outputs: dict[tuple[str, str], tuple[str, str]]
    ports: dict[tuple[str, str], tuple[str, str]]
    names: list[str]
    torn: list[tuple[str, str]]


def prefixes(node: Node) -> list[str]:
    """Return what the names of the blocks inside an own block begin with, for each time it is applied."""
    return [_prefix(node, number) for number in range(1, repeats(node) + 1)]


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
    names: list[str] = []
    torn: list[tuple[str, str]] = []
    for prefix in prefixes(node):
        sources = {inner: arriving.get(port) for inner, port in inputs.items()}
        nodes += _renamed_nodes(definition, node, prefix)
        names += [prefix + inner.id for inner in definition.graph.nodes if inner.kind != FREE_INPUT]
        made, outs = _renamed_edges(definition, prefix, sources)
        edges += made
        torn += [
            (prefix + edge.target, edge.target_port)
            for edge in definition.graph.edges
            if edge.source in sources and sources[edge.source] is None
        ]
        markers = {output_ports(definition)[port]: end for port, end in outs.items()}
        for inner, marked in {**sources, **markers}.items():
            if marked is not None:
                ports[prefix + inner, "output"] = marked
        arriving = {port: end for port, end in zip(input_ports(definition), outs.values(), strict=False)}
    outputs = {(node.id, port): end for port, end in outs.items()}
    return _Inside(nodes, edges, outputs, ports, names, torn)


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
