"""Whether a model has a beginning and one end, and whether its end fits the task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.blocks import registry
from builder.compiler import repairs
from builder.compiler.symbolic import Outcome
from builder.compiler.tensors import TensorSpec
from builder.data.spec import DataSpec
from builder.errors import Problem, Repair
from builder.graph import Graph, Node
from builder.training_plan.objective import fitting_losses

HEADS = {"classification": "classification_head.v1", "regression": "regression_head.v1"}
_AFTER_INPUT = {"image": "flatten.v1", "tokens": "embedding.v1"}
_SHAPE_KEEPING = ("activation.v1", "dropout.v1", "batch_normalization.v1", "layer_normalization.v1")
_HAS_UNITS = ("dense.v1", "classification_head.v1", "regression_head.v1")


def output_nodes(graph: Graph) -> list[Node]:
    """Return the blocks that nothing reads: the outputs of the model."""
    read = {edge.source for edge in graph.edges}
    return [node for node in graph.nodes if node.id not in read]


def ends_problems(graph: Graph) -> list[Problem]:
    """Return what is wrong with the number of inputs and outputs."""
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
    if all(node.kind != "input.v1" for node in graph.nodes):
        message = "The model has no Input: nothing brings the data in. Add an Input and connect it."
        problems.append(
            Problem("no_input", message, repair=repairs.add_block("Add an Input", graph, "input.v1"))
        )
    ends = [node for node in output_nodes(graph) if graph.incoming(node.id) or node.kind == "input.v1"]
    main = _main_end(graph, ends)
    for node in ends:
        if main is not None and node.id != main.id:
            problems.append(_second_output(graph, node, main))
    return problems


def _main_end(graph: Graph, ends: list[Node]) -> Node | None:
    """Return the output that is meant: a head if there is one, else the end of the longest path."""
    if not ends:
        return None
    order = {node.id: place for place, node in enumerate(graph.in_order())}
    return max(ends, key=lambda node: (node.kind in HEADS.values(), order.get(node.id, -1)))


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


def task_problems(
    graph: Graph, spec: DataSpec, values: Mapping[str, Mapping[str, Any]], outcomes: Mapping[str, Outcome]
) -> list[Problem]:
    """Return how the model's output misfits the task."""
    ends = output_nodes(graph)
    if len(ends) != 1:
        return []
    node = ends[0]
    if node.kind == "input.v1":
        return _only_input(graph, node, spec, outcomes)
    wrong_head = _wrong_head(graph, node, spec)
    result = outcomes.get(node.id)
    if wrong_head is not None:
        return [wrong_head]
    if result is None or result.output is None:
        return []
    if result.output.flow != "vector":
        return [_not_flat(graph, node, result.output)]
    last = _last_with_units(graph, node)
    if spec.task == "classification":
        return _classification(graph, node, last, spec, values, result.output)
    return _regression(graph, node, last, spec, values, result.output)


def _only_input(graph: Graph, node: Node, spec: DataSpec, outcomes: Mapping[str, Outcome]) -> list[Problem]:
    result = outcomes.get(node.id)
    if result is None or result.output is None:
        return []
    head = HEADS[spec.task]
    message = (
        f"Nothing reads Input '{node.id}', so the model has nothing to learn with. Add blocks after it, "
        f"with a {registry()[head].label} at the end."
    )
    kind = _AFTER_INPUT.get(result.output.flow, head)
    repair = repairs.append(f"Add a block after it: {registry()[kind].label}", graph, node.id, kind)
    return [Problem("only_input", message, node.id, repair=repair)]


def _wrong_head(graph: Graph, node: Node, spec: DataSpec) -> Problem | None:
    wanted = HEADS[spec.task]
    if node.kind not in HEADS.values() or node.kind == wanted:
        return None
    label = registry()[wanted].label
    message = (
        f"The task is a {spec.task}, but the model ends in a {registry()[node.kind].label} ('{node.id}'). "
        f"Use a {label} instead."
    )
    kept = {name: node.parameters[name] for name in ("hidden_units", "dropout") if name in node.parameters}
    repair = repairs.replace_block(f"Make it a {label}", graph, node.id, wanted, kept)
    return Problem("head_of_other_task", message, node.id, repair=repair)


def _not_flat(graph: Graph, node: Node, output: TensorSpec) -> Problem:
    kind = {"image": "global_average_pooling2d.v1", "sequence": "global_average_pooling1d.v1"}.get(
        output.flow
    )
    repair = None
    incoming = graph.incoming(node.id)
    if kind is not None and node.kind == "dense.v1":
        label = f"Insert a {registry()[kind].label} before '{node.id}'"
        repair = repairs.insert(label, graph, incoming[0], (kind, {}))
    elif kind is not None:
        repair = repairs.append(f"Add a {registry()[kind].label}", graph, node.id, kind)
    message = (
        f"The model must end in one vector a sample, but '{node.id}' gives {output.in_words()}. Put a "
        "Flatten or a global pooling before the last Dense block."
    )
    return Problem("output_not_flat", message, node.id, repair=repair)


def _last_with_units(graph: Graph, node: Node) -> Node | None:
    """Return the block that sets the size of the output, walking back over blocks that keep shapes."""
    while node.kind in _SHAPE_KEEPING:
        node = graph.node(graph.incoming(node.id)[0].source)
    return node if node.kind in _HAS_UNITS else None


def last_activation(
    graph: Graph, node: Node, values: Mapping[str, Mapping[str, Any]]
) -> tuple[str, Node | None]:
    """Return the activation that the output went through last, and the block that sets it."""
    while node.kind == "dropout.v1":
        node = graph.node(graph.incoming(node.id)[0].source)
    if "activation" in values.get(node.id, {}) and node.kind in ("activation.v1", *_HAS_UNITS):
        return str(values[node.id]["activation"]), node
    return "linear", None


def _classification(
    graph: Graph,
    node: Node,
    last: Node | None,
    spec: DataSpec,
    values: Mapping[str, Mapping[str, Any]],
    output: TensorSpec,
) -> list[Problem]:
    units, classes = output.shape[-1], spec.class_count
    activation, owner = last_activation(graph, node, values)
    if units != classes and not (units == 1 and classes == 2):
        message = (
            f"The data have {classes} classes, but '{node.id}' gives {units} value(s). "
            "The model must end in one value a class."
        )
        return [
            Problem(
                "class_count_mismatch", message, node.id, "units", _units_repair(graph, node, last, classes)
            )
        ]
    if units == 1 and activation == "softmax" and owner is not None:
        message = f"'{owner.id}' applies softmax to a single value, which always gives 1. Use sigmoid."
        repair = repairs.set_parameter("Use sigmoid", owner.id, "activation", "sigmoid")
        return [Problem("softmax_of_one", message, owner.id, "activation", repair)]
    wanted = "sigmoid" if units == 1 else "softmax"
    if activation == wanted:
        return []
    return [_activation_warning(node, owner, activation, wanted, "probabilities")]


def _activation_warning(
    node: Node, owner: Node | None, activation: str, wanted: str, meaning: str
) -> Problem:
    message = (
        f"The output of '{node.id}' goes through the activation '{activation}', so it does not give "
        f"{meaning}. Use '{wanted}'."
    )
    repair = repairs.set_parameter(f"Use {wanted}", owner.id, "activation", wanted) if owner else None
    return Problem("output_activation", message, node.id, "activation", repair, "warning")


def _units_repair(graph: Graph, node: Node, last: Node | None, units: int) -> Repair:
    if last is None:
        kind = "classification_head.v1" if units > 1 else "regression_head.v1"
        return repairs.append(f"Add a {registry()[kind].label}", graph, node.id, kind)
    return repairs.set_parameter(f"Set the units of '{last.id}' to {units}", last.id, "units", units)


def _regression(
    graph: Graph,
    node: Node,
    last: Node | None,
    spec: DataSpec,
    values: Mapping[str, Mapping[str, Any]],
    output: TensorSpec,
) -> list[Problem]:
    units = output.shape[-1]
    if units != 1:
        message = (
            f"The target '{spec.target_name}' is one number, but '{node.id}' gives {units} values. The model "
            "must end in one value."
        )
        return [Problem("regression_output", message, node.id, "units", _units_repair(graph, node, last, 1))]
    activation, owner = last_activation(graph, node, values)
    if activation == "linear" or owner is None:
        return []
    return [_activation_warning(node, owner, activation, "linear", "every number")]


def loss_problems(loss: str, spec: DataSpec, output: TensorSpec) -> list[Problem]:
    """Return how the chosen loss misfits the task and the model's output; "auto" always fits."""
    fitting = fitting_losses(spec.task, output.shape[-1])
    if loss == "auto" or loss in fitting:
        return []
    message = (
        f"The loss '{loss}' does not fit a {spec.task} whose model gives {output.in_words()}. Choose 'auto' "
        f"or {' or '.join(repr(name) for name in fitting)} in the training settings."
    )
    return [Problem("loss_misfit", message, field="loss")]
