"""Where a model begins and ends, and which of the data's targets each of its ends predicts."""

from __future__ import annotations

from builder.blocks import registry
from builder.blocks.latent_input import LATENT
from builder.compiler import generation_rules, repairs
from builder.compiler.families import SHAPE_KEEPING
from builder.data.spec import DataSpec
from builder.errors import Problem
from builder.graph import Graph, Node
from builder.own_blocks import FREE_INPUT, OUTPUT
from builder.params import AUTO
from builder.tasks import TASKS

HEADS = tuple(dict.fromkeys(task.head for task in TASKS.values() if task.head))
_STARTS = ("input.v1", LATENT)
TARGET = "target"
# Blocks through which an output is seen to the block that sets its size.
PASSES_SHAPE = SHAPE_KEEPING | {OUTPUT}


def output_nodes(graph: Graph) -> list[Node]:
    """Return the outputs of the model: the Output blocks, or where there is none, what nothing reads."""
    marked = [node for node in graph.nodes if node.kind == OUTPUT]
    if marked:
        return marked
    read = {edge.source for edge in graph.edges}
    return [node for node in graph.nodes if node.id not in read]


def ends_problems(graph: Graph, spec: DataSpec | None) -> list[Problem]:
    """Return what is wrong with the number of inputs and outputs."""
    has_start = any(node.kind in (*_STARTS, FREE_INPUT) for node in graph.nodes)
    if spec is not None and generation_rules.is_generator(spec) and not has_start:
        return [generation_rules.no_latent_input(graph)]
    if not graph.nodes:
        repair = repairs.add_block("Add an Input", graph, "input.v1")
        return [
            Problem(
                "empty_model",
                "The model has no blocks. Start with an Input, where the data enter.",
                repair=repair,
            )
        ]
    problems = []
    if not has_start:
        message = "The model has no Input: nothing brings the data in. Add an Input and connect it."
        problems.append(
            Problem("no_input", message, repair=repairs.add_block("Add an Input", graph, "input.v1"))
        )
    if all(node.kind not in _STARTS for node in graph.nodes):
        # Without data to learn from, as in an opened file, a model may have any number of outputs.
        return problems
    ends = [node for node in output_nodes(graph) if graph.incoming(node.id) or node.kind in _STARTS]
    main = _main_end(graph, ends)
    kept = {} if spec is None else targets_of_ends(graph, spec)
    for node in ends:
        if main is not None and node.id != main.id and node.id not in kept:
            problems.append(_second_output(graph, node, main))
    if spec is not None and main is not None:
        problems += _unknown_targets(ends, spec)
        problems += _without_output(graph, main, spec, set(kept.values()))
    return problems


def targets_of_ends(graph: Graph, spec: DataSpec) -> dict[str, int]:
    """Return which target, counted from 0, every output of a model predicts.

    An Output that names its target has it. Each other output gets the first one that is left whose tasks end
    in blocks of its kind, and then the first that is left; outputs beyond the targets are missing.
    """
    targets = spec.each_target
    names = [item.target_name for item in targets]
    ends = {node.id: node for node in output_nodes(graph)}
    ordered = [ends[node.id] for node in graph.in_order() if node.id in ends]
    if len(targets) == 1:
        main = _main_end(graph, ordered)
        return {} if main is None else {main.id: 0}
    found: dict[str, int] = {}
    for node in ordered:
        if _named_target(node) in names:
            found.setdefault(node.id, names.index(_named_target(node)))
    for matches in (True, False):
        for node in ordered:
            head = _behind(graph, node).kind
            left = [number for number in range(len(targets)) if number not in found.values()]
            fitting = [number for number in left if not matches or TASKS[targets[number].task].head == head]
            if node.id not in found and fitting:
                found[node.id] = fitting[0]
    return found


def ends_by_target(graph: Graph, spec: DataSpec | None) -> list[Node]:
    """Return the outputs of a model in the order of the targets that they predict."""
    if spec is None or not spec.further_targets:
        return output_nodes(graph)
    found = targets_of_ends(graph, spec)
    return [graph.node(node_id) for node_id in sorted(found, key=lambda node_id: found[node_id])]


def targets_of_nodes(graph: Graph, spec: DataSpec) -> dict[str, int]:
    """Return the target of every block that alone makes an output, Outputs included; of others none."""
    if not spec.further_targets:
        return {}
    found: dict[str, int] = {}
    for end, number in targets_of_ends(graph, spec).items():
        node = graph.node(end)
        found[node.id] = number
        while node.kind in PASSES_SHAPE and graph.incoming(node.id):
            node = graph.node(graph.incoming(node.id)[0].source)
            found[node.id] = number
    return found


def _behind(graph: Graph, node: Node) -> Node:
    """Return the block that sets the size of an output."""
    while node.kind in PASSES_SHAPE and graph.incoming(node.id):
        node = graph.node(graph.incoming(node.id)[0].source)
    return node


def _named_target(node: Node) -> str:
    return str(node.parameters.get(TARGET, AUTO)) if node.kind == OUTPUT else AUTO


def _unknown_targets(ends: list[Node], spec: DataSpec) -> list[Problem]:
    names = [item.target_name for item in spec.each_target]
    problems = []
    for node in ends:
        named = _named_target(node)
        if named != AUTO and named not in names:
            message = (
                f"The output '{node.id}' is to predict '{named}', but what the data have to predict is: "
                f"{', '.join(names)}. Choose one of them, or 'auto'."
            )
            repair = repairs.set_parameter("Let it be found", node.id, TARGET, AUTO)
            problems.append(Problem("unknown_target", message, node.id, TARGET, repair))
    return problems


def _without_output(graph: Graph, main: Node, spec: DataSpec, predicted: set[int]) -> list[Problem]:
    if not spec.further_targets:
        return []
    before = _behind(graph, main)
    edges = graph.incoming(before.id)
    problems = []
    for number, target in enumerate(spec.each_target):
        if number in predicted:
            continue
        head = TASKS[target.task].head
        label = registry()[head].label
        message = (
            f"Nothing predicts '{target.target_name}': the model needs one output for each of the "
            f"{len(spec.each_target)} targets. Add a {label}, connected to what '{before.id}' reads."
        )
        repair = repairs.append_end(f"Add a {label}", graph, edges[0], head) if edges else None
        problems.append(Problem("target_without_output", message, main.id, repair=repair))
    return problems


def _main_end(graph: Graph, ends: list[Node]) -> Node | None:
    """Return the output that is meant: a head if there is one, else the end of the longest path."""
    if not ends:
        return None
    order = {node.id: place for place, node in enumerate(graph.in_order())}
    return max(ends, key=lambda node: (node.kind in HEADS, order.get(node.id, -1)))


def _second_output(graph: Graph, node: Node, main: Node) -> Problem:
    dead = _only_for(graph, node, main)
    label = f"Remove '{node.id}'" if len(dead) == 1 else f"Remove {', '.join(dead)}"
    message = (
        f"Nothing reads the output of '{node.id}'. A model has one output, and here that is '{main.id}'. "
        f"Connect '{node.id}' to another block, or remove it."
    )
    return Problem("several_outputs", message, node.id, repair=repairs.remove_blocks(label, dead))


def _only_for(graph: Graph, node: Node, main: Node) -> list[str]:
    """Return a block and all blocks before it that serve nothing else."""
    gone = [node.id]
    for candidate in reversed(graph.in_order()):
        readers = {edge.target for edge in graph.outgoing(candidate.id)}
        if candidate.id != main.id and readers and readers <= set(gone):
            gone.append(candidate.id)
    return gone
