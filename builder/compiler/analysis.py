"""The walk through a graph: every block's output and every problem, in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.blocks import registry
from builder.compiler import design_rules, output_rules, repairs
from builder.compiler.context import Arrival, Context
from builder.compiler.resolve import resolved
from builder.compiler.shape_rules import refused, shape_problem
from builder.compiler.symbolic import Outcome, input_outcome, outcome
from builder.compiler.wiring import check_wiring
from builder.data.spec import DataSpec
from builder.errors import Problem
from builder.graph import Graph, Node
from builder.params import AUTO

MAXIMUM_PARAMETERS = 500_000_000


@dataclass
class Analysis:
    """What is known of a graph: resolved values and outcomes of its sound blocks, and all problems."""

    graph: Graph
    spec: DataSpec | None
    values: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether no problem is an error."""
        return all(problem.severity != "error" for problem in self.problems)


def analyse(graph: Graph, spec: DataSpec | None) -> Analysis:
    """Return the outcomes and problems of a graph, problems in the order of the graph's blocks."""
    analysis = Analysis(graph, spec)
    analysis.problems += graph.check_structure()
    for node in graph.in_order():
        wiring = check_wiring(graph, node)
        analysis.problems += wiring
        if not any(problem.severity == "error" for problem in wiring):
            _visit(analysis, node)
    analysis.problems += _name_problems(analysis)
    analysis.problems += _size_problems(analysis)
    analysis.problems += output_rules.ends_problems(graph)
    if spec is not None:
        analysis.problems += output_rules.task_problems(graph, spec, analysis.values, analysis.outcomes)
        analysis.problems += design_rules.warnings(graph, analysis.values, analysis.outcomes)
    return analysis


def _visit(analysis: Analysis, node: Node) -> None:
    block = registry()[node.kind]
    values = resolved(block, node.parameters, analysis.spec)
    analysis.values[node.id] = values
    if not block.inputs:
        _visit_input(analysis, node, values)
        return
    context = _context(analysis, node)
    if context is None:
        return
    problem = shape_problem(context) or _unresolved(context)
    if problem is None:
        inputs = {port.name: _arriving(context, port.name, port.variadic) for port in block.inputs}
        result = outcome(node.kind, values, inputs)
        if result.error:
            problem = refused(context, result.error)
        else:
            analysis.outcomes[node.id] = result
    if problem is not None:
        analysis.problems.append(problem)


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
        result = analysis.outcomes.get(edge.source)
        if result is None or result.output is None:
            return None
        arrivals[edge.target_port].append(Arrival(edge, result.output))
    by_port = {name: tuple(items) for name, items in arrivals.items()}
    return Context(analysis.graph, node, block, analysis.values[node.id], by_port, analysis.outcomes)


def _arriving(context: Context, port: str, variadic: bool) -> Any:
    specs = tuple(arrival.spec for arrival in context.arrivals[port])
    return specs if variadic else specs[0]


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
    return result.layer_names(node.id) if result else []


def _name_taken(graph: Graph, node: Node, owner: Node, name: str) -> Problem:
    is_input = owner.kind == "input.v1"
    whose = f"Input '{owner.id}', which brings the data in," if is_input else f"'{owner.id}'"
    fresh = graph.unused_id(f"{node.id[:50]}_block")
    message = (
        f"'{node.id}' needs another name: {whose} already contains a layer named '{name}', and the names of "
        "a Keras model's layers must differ."
    )
    repair = repairs.rename(f"Name it '{fresh}'", graph, node.id, fresh)
    return Problem("layer_name_taken", message, node.id, repair=repair)


def _size_problems(analysis: Analysis) -> list[Problem]:
    counts = {node_id: result.parameters for node_id, result in analysis.outcomes.items()}
    total = sum(counts.values())
    if total <= MAXIMUM_PARAMETERS:
        return []
    largest = max(counts, key=lambda node_id: counts[node_id])
    message = (
        f"The model would have {total:,} weights ({total * 4 / 1e9:.1f} GB), {counts[largest]:,} of them in "
        f"'{largest}'. At most {MAXIMUM_PARAMETERS:,} are allowed. Make '{largest}' smaller, or what it "
        "reads."
    )
    return [Problem("model_too_large", message, largest)]
