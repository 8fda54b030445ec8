"""The walk through a graph: every block's output and every problem, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from builder.blocks import registry
from builder.blocks.base import Block
from builder.blocks.latent_input import LATENT, latent_shape
from builder.compiler import decoder_rules, design_rules, ends, output_rules, repairs
from builder.compiler.context import Arrival, Context
from builder.compiler.own_kinds import own_block
from builder.compiler.picture_rules import moved_pictures
from builder.compiler.resolve import resolved
from builder.compiler.running_rules import graphics_card_only, running_problem, small_vocabularies
from builder.compiler.shape_rules import refused, shape_problem
from builder.compiler.symbolic import Outcome, free_input_outcome, input_outcome, outcome, passed_through
from builder.compiler.tensors import TensorSpec
from builder.compiler.wiring import check_block_wiring, check_wiring
from builder.data.spec import DataSpec
from builder.errors import Problem, Repair
from builder.graph import Edge, Graph, Node
from builder.own_block_rules import definition_problems
from builder.own_blocks import FREE_INPUT, OUTPUT, Expansion, expand
from builder.params import AUTO
from builder.sizes import size_words

MAXIMUM_PARAMETERS = 500_000_000


@dataclass
class Analysis:
    """What is known of a graph: resolved values and outcomes of its sound blocks, and all problems.

    ``graph`` is flat: own blocks are replaced by the blocks inside them, and ``expansion`` tells which
    node of ``document`` stands for them. Problems are told of the document's nodes; ``inner_problems``
    are those of blocks inside own blocks, told of the flat graph. ``targets`` are the data as the blocks see
    them that make one of several outputs.
    """

    document: Graph
    spec: DataSpec | None
    expansion: Expansion = field(default_factory=lambda: Expansion(Graph()))
    values: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    inner_problems: list[Problem] = field(default_factory=list)
    targets: dict[str, DataSpec] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        """The graph without own blocks."""
        return self.expansion.graph

    @property
    def is_sound(self) -> bool:
        """Whether no problem is an error."""
        return all(problem.severity != "error" for problem in self.problems)

    def output_of(self, node_id: str, port: str) -> TensorSpec | None:
        """Return what leaves a port of a node of the document, or None where it is not known."""
        source, source_port = self.expansion.aliases.get((node_id, port), (node_id, port))
        result = self.outcomes.get(source)
        return None if result is None else result.outputs.get(source_port)


def analyse(graph: Graph, spec: DataSpec | None) -> Analysis:
    """Return the outcomes and problems of a graph, problems in the order of the graph's blocks."""
    analysis = Analysis(graph, spec)
    analysis.problems += graph.check_structure()
    unsound = definition_problems(graph)
    analysis.problems += unsound
    if unsound:
        return analysis
    analysis.expansion = expand(graph)
    inner = Analysis(analysis.graph, spec, analysis.expansion, analysis.values, analysis.outcomes)
    skipped = _check_own_blocks(inner)
    inner.problems += _unreached_outputs(inner)
    _walk(inner, skipped)
    owners = analysis.expansion.owners
    # What is wrong inside a block that is not connected as it should be follows from that alone.
    told = [problem for problem in inner.problems if not _lies_in(inner, problem.block or "", skipped)]
    analysis.problems += [_told_outside(analysis, problem) for problem in told]
    analysis.inner_problems += [problem for problem in told if problem.block in owners]
    return analysis


def _lies_in(analysis: Analysis, node_id: str, skipped: set[str]) -> bool:
    return not skipped.isdisjoint(analysis.expansion.holders(node_id))


def _walk(analysis: Analysis, skipped: set[str]) -> None:
    if analysis.spec is not None:
        each = analysis.spec.each_target
        found = ends.targets_of_nodes(analysis.graph, analysis.spec)
        analysis.targets = {node_id: each[number] for node_id, number in found.items()}
    for node in analysis.graph.in_order():
        if _lies_in(analysis, node.id, skipped):
            continue
        wiring = check_wiring(analysis.graph, node)
        analysis.problems += _own_faults(analysis, node, wiring)
        if not any(problem.severity == "error" for problem in wiring):
            _visit(analysis, node)
    analysis.problems += _name_problems(analysis)
    analysis.problems += _size_problems(analysis)
    analysis.problems += ends.ends_problems(analysis.graph, analysis.spec)
    if analysis.spec is not None:
        analysis.problems += _free_input_problems(analysis)
        analysis.problems += output_rules.task_problems(
            analysis.graph, analysis.spec, analysis.values, analysis.outcomes
        )
        analysis.problems += moved_pictures(analysis.graph, analysis.spec)
        analysis.problems += small_vocabularies(analysis.graph, analysis.spec, analysis.values)
        analysis.problems += graphics_card_only(analysis.graph, analysis.values)
        analysis.problems += decoder_rules.decoder_problems(
            analysis.graph, analysis.spec, analysis.values, analysis.outcomes
        )
        analysis.problems += design_rules.warnings(
            analysis.graph, analysis.values, analysis.outcomes, not analysis.spec.windows
        )


def _own_faults(analysis: Analysis, node: Node, wiring: list[Problem]) -> list[Problem]:
    """Return what is wrong with a block's wiring but for what follows from an own block beside it."""
    torn = analysis.expansion.torn
    return [item for item in wiring if item.code != "missing_input" or (node.id, item.field) not in torn]


def _check_own_blocks(analysis: Analysis) -> set[str]:
    """Report what is wrong with the use of own blocks; return the nodes that cannot be looked into."""
    skipped: set[str] = set()
    for level in analysis.expansion.levels:
        for node in level.nodes:
            if node.kind not in level.definitions or _lies_in(analysis, node.id, skipped):
                continue
            wiring = check_block_wiring(level, node, own_block(node.kind, level.definitions))
            analysis.problems += _own_faults(analysis, node, wiring)
            if any(problem.severity == "error" for problem in wiring):
                skipped.add(node.id)
    return skipped


def _unreached_outputs(analysis: Analysis) -> list[Problem]:
    """Return the outputs of own blocks to which nothing inside is connected, at the first use of each."""
    found = []
    for kind, (_, prefix) in analysis.expansion.uses.items():
        inside = analysis.document.definitions[kind].graph
        for node in inside.nodes:
            if node.kind == OUTPUT and not inside.incoming(node.id):
                message = (
                    f"Nothing is connected to the output '{prefix}{node.id}' of the own block. Draw a "
                    "connection to it from the block whose result it gives."
                )
                found.append(Problem("missing_input", message, prefix + node.id, "input"))
    return found


def _told_outside(analysis: Analysis, problem: Problem) -> Problem:
    """Return a problem as the document's reader sees it: what is inside an own block is told of its node."""
    owner = analysis.expansion.owners.get(problem.block or "")
    if owner is None:
        # A repair of the flat graph that touches blocks inside an own block fits no node of the document.
        touched = problem.repair is not None and _touches(problem.repair.edits, analysis.expansion.owners)
        return replace(problem, repair=None) if touched else problem
    message = f"Inside '{owner}': {problem.message}"
    return replace(problem, message=message, block=owner, field=None, repair=None)


def _touches(edits: Iterable[Mapping[str, Any]], inner: Mapping[str, str]) -> bool:
    for edit in edits:
        edge = edit.get("edge", {})
        if {edit.get("id"), edge.get("source"), edge.get("target")} & set(inner):
            return True
    return False


def _visit(analysis: Analysis, node: Node) -> None:
    block = registry()[node.kind]
    spec = analysis.targets.get(node.id, analysis.spec)
    values = resolved(block, _parameters(analysis, node, block), spec)
    analysis.values[node.id] = values
    if node.kind == FREE_INPUT:
        analysis.outcomes[node.id] = free_input_outcome(
            values["shape"], values["dtype"], values["batch_size"]
        )
        return
    if node.kind == LATENT:
        analysis.outcomes[node.id] = free_input_outcome(latent_shape(values), "float32")
        return
    if not block.inputs:
        _visit_input(analysis, node, values)
        return
    context = _context(analysis, node)
    if context is None:
        return
    if node.kind == OUTPUT:
        analysis.outcomes[node.id] = passed_through(context.first)
        return
    problem = shape_problem(context) or running_problem(context) or _unresolved(context)
    if problem is None:
        result = outcome(node.kind, values, _arriving(context))
        problem = refused(context, result.error) if result.error else _unlike(analysis, node, result)
        if problem is None:
            result = result.shared() if node.shared_with else result
            analysis.outcomes[node.id] = result.frozen() if node.frozen else result
    if problem is not None:
        analysis.problems.append(problem)


def _parameters(analysis: Analysis, node: Node, block: Block) -> Mapping[str, Any]:
    """Return what a node sets: the layer's settings are the owner's, those of the call its own."""
    owner = _owner(analysis, node)
    made = {name: value for name, value in owner.parameters.items() if name not in block.when_called}
    called = {name: value for name, value in node.parameters.items() if name in block.when_called}
    return node.parameters if owner is node else {**made, **called}


def _owner(analysis: Analysis, node: Node) -> Node:
    """Return the node whose layer a node uses: itself, or the one that it shares with."""
    return analysis.graph.node(node.shared_with) if analysis.graph.has(node.shared_with) else node


def _unlike(analysis: Analysis, node: Node, result: Outcome) -> Problem | None:
    """Return the problem of a layer that needs other weights here than where it is used first."""
    first = analysis.outcomes.get(node.shared_with)
    if first is None or first.weight_shapes == result.weight_shapes:
        return None
    message = (
        f"'{node.id}' uses the weights of '{node.shared_with}', but what arrives here needs weights of "
        "another shape. Give both blocks inputs with the same number of channels or features, or give "
        f"'{node.id}' weights of its own."
    )
    alone: dict[str, Any] = {"op": "set_node", "id": node.id, "changes": {"shared_with": ""}}
    repair = Repair("Give it weights of its own", (alone,))
    return Problem("cannot_share", message, node.id, repair=repair)


def _free_input_problems(analysis: Analysis) -> list[Problem]:
    problems = []
    for node in analysis.graph.nodes:
        if node.kind == FREE_INPUT:
            message = (
                f"Nothing feeds the free input '{node.id}': the data enter a model through an Input. Put "
                "an Input in its place."
            )
            repair = repairs.replace_block("Take the data's input", node.id, "input.v1", {})
            problems.append(Problem("free_input", message, node.id, repair=repair))
    return problems


def _visit_input(analysis: Analysis, node: Node, values: Mapping[str, Any]) -> None:
    spec = analysis.spec
    if spec is None:
        message = f"Choose data first: the shape of Input '{node.id}' comes from them."
        analysis.problems.append(Problem("choose_data_first", message, node.id))
        return
    names = [item.name for item in spec.inputs]
    if values["source"] not in (AUTO, *names):
        message = (
            f"Input '{node.id}' asks for the data's '{values['source']}', but the data have: "
            f"{', '.join(names)}. Choose one of them, or 'auto' for the first."
        )
        repair = repairs.set_parameter("Take the data's first input", node.id, "source", AUTO)
        analysis.problems.append(Problem("unknown_source", message, node.id, "source", repair))
        return
    chosen = spec.input(values["source"])
    twin = _twin(analysis, node, chosen.name)
    if twin is not None:
        message = (
            f"Input '{node.id}' and Input '{twin}' both bring in the data's '{chosen.name}'. One Input can "
            "be connected to several blocks: use one of them."
        )
        repair = repairs.merge_into(f"Use '{twin}' for both", analysis.graph, twin, node.id)
        analysis.problems.append(Problem("source_used_twice", message, node.id, "source", repair))
        return
    analysis.values[node.id] = {"source": chosen.name}
    analysis.outcomes[node.id] = input_outcome(chosen)


def _twin(analysis: Analysis, node: Node, source: str) -> str | None:
    for other in analysis.graph.nodes:
        if other.kind == node.kind and other.id != node.id and other.id in analysis.outcomes:
            if analysis.values[other.id]["source"] == source:
                return other.id
    return None


def _context(analysis: Analysis, node: Node) -> Context | None:
    """Return what arrives at a block, or None where a block before it has failed."""
    block = registry()[node.kind]
    arrivals: dict[str, list[Arrival]] = {port.name: [] for port in block.inputs}
    for edge in analysis.graph.incoming(node.id):
        spec = _leaving(analysis, edge)
        if spec is None:
            return None
        arrivals[edge.target_port].append(Arrival(edge, spec))
    by_port = {name: tuple(items) for name, items in arrivals.items()}
    return Context(analysis.graph, node, block, analysis.values[node.id], by_port, analysis.outcomes)


def _leaving(analysis: Analysis, edge: Edge) -> TensorSpec | None:
    result = analysis.outcomes.get(edge.source)
    return None if result is None else result.outputs.get(edge.source_port)


def _arriving(context: Context) -> dict[str, Any]:
    arriving: dict[str, Any] = {}
    for port in context.block.inputs:
        specs = tuple(arrival.spec for arrival in context.arrivals[port.name])
        if specs:
            arriving[port.name] = specs if port.variadic else specs[0]
    return arriving


def _unresolved(context: Context) -> Problem | None:
    missing = [name for name in context.block.automatic if context.values[name] == AUTO]
    if not missing:
        return None
    message = (
        f"The '{missing[0]}' parameter of {context.title} is 'auto', but these data do not tell it "
        f"({context.block.automatic[missing[0]].replace('_', ' ')}). Give a number, or use a block that fits "
        "the task."
    )
    return context.problem("auto_unknown", message, field=missing[0])


def _name_problems(analysis: Analysis) -> list[Problem]:
    owners: dict[str, Node] = {}
    # The names that the data give their layers come first: only a block can be renamed.
    for node in sorted(analysis.graph.nodes, key=lambda node: node.kind != "input.v1"):
        for name in _layer_names(analysis, node):
            owners.setdefault(name, node)
    problems = []
    for node in analysis.graph.nodes:
        taken = [name for name in _layer_names(analysis, node) if owners[name].id != node.id]
        if taken:
            problems.append(_name_taken(analysis.graph, node, owners[taken[0]], taken[0]))
    return problems


def _layer_names(analysis: Analysis, node: Node) -> list[str]:
    result = analysis.outcomes.get(node.id)
    return result.layer_names(node.name) if result else []


def _name_taken(graph: Graph, node: Node, owner: Node, name: str) -> Problem:
    is_input = owner.kind == "input.v1"
    whose = f"Input '{owner.id}', which brings the data in," if is_input else f"'{owner.id}'"
    fresh = graph.unused_id(f"{node.id[:50]}_block")
    message = (
        f"'{node.id}' needs another name: {whose} already contains a layer named '{name}', and the names of "
        "a Keras model's layers must differ."
    )
    repair = repairs.rename(f"Name it '{fresh}'", node.id, fresh)
    return Problem("layer_name_taken", message, node.id, repair=repair)


def _size_problems(analysis: Analysis) -> list[Problem]:
    counts = {node_id: result.parameters for node_id, result in analysis.outcomes.items()}
    total = sum(counts.values())
    if total <= MAXIMUM_PARAMETERS:
        return []
    largest = max(counts, key=lambda node_id: counts[node_id])
    message = (
        f"The model would have {total:,} weights ({size_words(4 * total)}), {counts[largest]:,} of them in "
        f"'{largest}'. At most {MAXIMUM_PARAMETERS:,} are allowed. Make '{largest}' smaller, or what it "
        "reads."
    )
    return [Problem("model_too_large", message, largest)]
