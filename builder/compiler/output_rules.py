"""Whether the ends of a model fit the tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.blocks import registry
from builder.blocks.latent_input import LATENT
from builder.compiler import generation_rules, repairs
from builder.compiler.ends import HEADS, PASSES_SHAPE, ends_by_target
from builder.compiler.families import REGULARIZATION
from builder.compiler.symbolic import Outcome
from builder.compiler.tensors import TensorSpec
from builder.data.spec import DataSpec
from builder.errors import Problem, Repair
from builder.graph import Graph, Node
from builder.own_blocks import OUTPUT
from builder.tasks import TASKS
from builder.training_plan.objective import activation_fits, activation_words, fitting_losses

_AFTER_INPUT = {"image": "flatten.v1", "tokens": "embedding.v1"}
_MOVES_VALUES = REGULARIZATION | {OUTPUT, "flatten.v1", "identity.v1", "reshape.v1"}
# With fewer cells, things that stand close together cannot be told apart.
FEWEST_CELLS = 36
_HAS_UNITS = ("dense.v1", "late_fusion.v1", "next_sentence_head.v1", *HEADS)


def task_problems(
    graph: Graph, spec: DataSpec, values: Mapping[str, Mapping[str, Any]], outcomes: Mapping[str, Outcome]
) -> list[Problem]:
    """Return how the model's outputs misfit their tasks."""
    ends = ends_by_target(graph, spec)
    if len(ends) != len(spec.each_target):
        return []
    if spec.task == "generation":
        return generation_rules.problems(graph, ends[0], spec, values, outcomes)
    misplaced = [item for item in graph.nodes if item.kind == LATENT]
    if misplaced:
        return [generation_rules.latent_misplaced(misplaced[0], TASKS[spec.task].noun)]
    problems = []
    for node, target in zip(ends, spec.each_target, strict=True):
        problems += _end_problems(graph, node, target, values, outcomes)
    return problems


def _end_problems(
    graph: Graph,
    node: Node,
    spec: DataSpec,
    values: Mapping[str, Mapping[str, Any]],
    outcomes: Mapping[str, Outcome],
) -> list[Problem]:
    if node.kind == "input.v1":
        return _only_input(graph, node, spec, outcomes)
    wrong_head = _wrong_head(graph, node, spec)
    result = outcomes.get(node.id)
    if wrong_head is not None:
        return [wrong_head]
    if result is None:
        return []
    if spec.predicts_boxes:
        return _boxes(graph, node, spec, result.output)
    if spec.task == "reconstruction" and not spec.fits(result.output.shape[1:]):
        return [_not_given_back(node, spec, result.output)]
    if len(result.output.shape) != 1 + len(spec.output_shapes[0]):
        return [_wrong_rank(graph, node, spec, result.output)]
    last = _last_with_units(graph, node)
    if spec.predicts_numbers:
        return _numbers(graph, node, last, spec, values, result.output)
    if spec.predicts_labels:
        return _labels(graph, node, last, spec, values, result.output)
    if spec.target_shape:
        return _classes_of_places(graph, node, last, spec, values, result.output)
    return _classification(graph, node, last, spec, values, result.output)


def _only_input(graph: Graph, node: Node, spec: DataSpec, outcomes: Mapping[str, Outcome]) -> list[Problem]:
    result = outcomes.get(node.id)
    if result is None:
        return []
    head = TASKS[spec.task].head
    message = (
        f"Nothing reads Input '{node.id}', so the model has nothing to learn with. Add blocks after it, "
        f"with a {registry()[head].label} at the end."
    )
    kind = _AFTER_INPUT.get(result.output.flow, head)
    repair = repairs.append(f"Add a block after it: {registry()[kind].label}", graph, node.id, kind)
    return [Problem("only_input", message, node.id, repair=repair)]


def _wrong_head(graph: Graph, node: Node, spec: DataSpec) -> Problem | None:
    wanted = TASKS[spec.task].head
    if node.kind not in HEADS or node.kind == wanted:
        return None
    label = registry()[wanted].label
    message = (
        f"The task is a {TASKS[spec.task].noun}, but the model ends in a {registry()[node.kind].label} "
        f"('{node.id}'). Use a {label} instead."
    )
    known = {parameter.name for parameter in registry()[wanted].parameters} & {"hidden_units", "dropout"}
    kept = {name: node.parameters[name] for name in known if name in node.parameters}
    repair = repairs.replace_block(f"Make it a {label}", node.id, wanted, kept)
    return Problem("head_of_other_task", message, node.id, repair=repair)


def _boxes(graph: Graph, node: Node, spec: DataSpec, output: TensorSpec) -> list[Problem]:
    head = registry()[TASKS[spec.task].head]
    if node.kind != head.kind or not spec.fits(output.shape[1:]):
        wanted = spec.class_count + 4
        message = (
            f"A detection gives a grid of cells with {wanted} numbers each: one a class and the four sides "
            f"of a box. '{node.id}' gives {output.in_words()}. End the model in a {head.label} with its "
            "classes left on 'auto', after blocks that keep the picture's two axes."
        )
        repair = None
        if node.kind == head.kind:
            repair = repairs.set_parameter("Take the classes from the data", node.id, "classes", "auto")
        elif output.flow == "image":
            repair = repairs.append(f"Add a {head.label}", graph, node.id, head.kind)
        return [Problem("output_without_boxes", message, node.id, repair=repair)]
    rows, columns = output.shape[1:3]
    if (rows or 0) * (columns or 0) >= FEWEST_CELLS:
        return []
    message = (
        f"The grid of '{node.id}' has only {rows} × {columns} cells, and each finds one thing of a kind at "
        "most. Shrink the picture less before it: leave out a pooling or a stride."
    )
    return [Problem("coarse_grid", message, node.id, severity="warning")]


def _wrong_rank(graph: Graph, node: Node, spec: DataSpec, output: TensorSpec) -> Problem:
    if not spec.target_shape or spec.predicts_numbers or spec.predicts_labels:
        return _not_flat(graph, node, output)
    if spec.task == "segmentation":
        height, width = spec.target_shape
        message = (
            f"The {TASKS[spec.task].noun} needs an answer for each of the {height} × {width} pixels, but "
            f"'{node.id}' gives {output.in_words()}. Leave out what joins the pixels, such as a Flatten or a "
            "global pooling, and end in a segmentation head."
        )
        return Problem("output_without_pixels", message, node.id)
    steps = "steps" if TASKS[spec.task].free_steps else f"{spec.target_shape[0]} steps"
    message = (
        f"The {TASKS[spec.task].noun} needs an answer for each of the {steps}, but '{node.id}' gives "
        f"{output.in_words()}. Let every block before it return sequences, and leave out what joins the "
        "steps, such as a Flatten or a pooling."
    )
    return Problem("output_without_steps", message, node.id)


def _not_flat(graph: Graph, node: Node, output: TensorSpec) -> Problem:
    axes = {"volume": 3, "image": 2, "sequence": 1}.get(output.flow)
    kind = f"global_average_pooling{axes}d.v1" if axes else None
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
    while node.kind in PASSES_SHAPE and graph.incoming(node.id):
        node = graph.node(graph.incoming(node.id)[0].source)
    return node if node.kind in _HAS_UNITS else None


def last_activation(
    graph: Graph, node: Node, values: Mapping[str, Mapping[str, Any]]
) -> tuple[str, Node | None]:
    """Return the activation that the output went through last, and the block that sets it.

    Blocks that only move values are looked through, as the choice of the loss does.
    """
    while node.kind in _MOVES_VALUES and graph.incoming(node.id):
        node = graph.node(graph.incoming(node.id)[0].source)
    if node.kind in ("softmax.v1", "ordinal_head.v1"):
        return "softmax", None
    if node.kind == "multi_label_head.v1":
        return "sigmoid", None
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
    if (units,) not in spec.output_shapes:
        message = (
            f"The data have {classes} classes, but '{node.id}' gives {units} value(s). "
            "The model must end in one value a class."
        )
        return [
            Problem(
                "class_count_mismatch",
                message,
                node.id,
                "units",
                _units_repair(graph, node, last, spec, classes),
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


def _not_given_back(node: Node, spec: DataSpec, output: TensorSpec) -> Problem:
    wanted = " × ".join(str(size) for size in spec.target_shape)
    message = (
        f"The model must give back what it gets, {wanted} values a sample, but '{node.id}' gives "
        f"{output.in_words()}. End it in a Reconstruction head; for pictures, undo every halving of the size "
        "by an upsampling or a transposed convolution."
    )
    return Problem("not_given_back", message, node.id)


def _labels(
    graph: Graph,
    node: Node,
    last: Node | None,
    spec: DataSpec,
    values: Mapping[str, Mapping[str, Any]],
    output: TensorSpec,
) -> list[Problem]:
    units = output.shape[-1]
    if (units,) not in spec.output_shapes:
        message = (
            f"The data have {spec.class_count} labels, but '{node.id}' gives {units} value(s). The model "
            "must end in one value a label."
        )
        repair = _units_repair(graph, node, last, spec, spec.class_count)
        return [Problem("class_count_mismatch", message, node.id, "units", repair)]
    activation, owner = last_activation(graph, node, values)
    if activation == "sigmoid":
        return []
    return [_activation_warning(node, owner, activation, "sigmoid", "a probability for each label")]


def _activation_warning(
    node: Node, owner: Node | None, activation: str, wanted: str, meaning: str
) -> Problem:
    message = (
        f"The output of '{node.id}' goes through the activation '{activation}', so it does not give "
        f"{meaning}. Use '{wanted}'."
    )
    repair = repairs.set_parameter(f"Use {wanted}", owner.id, "activation", wanted) if owner else None
    return Problem("output_activation", message, node.id, "activation", repair, "warning")


def _units_repair(graph: Graph, node: Node, last: Node | None, spec: DataSpec, units: int) -> Repair:
    if last is None:
        kind = TASKS[spec.task].head
        return repairs.append(f"Add a {registry()[kind].label}", graph, node.id, kind)
    return repairs.set_parameter(f"Set the units of '{last.id}' to {units}", last.id, "units", units)


def _classes_of_places(
    graph: Graph,
    node: Node,
    last: Node | None,
    spec: DataSpec,
    values: Mapping[str, Mapping[str, Any]],
    output: TensorSpec,
) -> list[Problem]:
    *places, _ = output.shape[1:]
    free = TASKS[spec.task].free_steps
    if not spec.fits(output.shape[1:]):
        sizes = " × ".join(str(size) for size in spec.target_shape)
        unit = "steps" if len(places) == 1 else "pixels"
        message = (
            f"The data ask for {'any number of' if free else sizes} {unit} of {spec.class_count} values, one "
            f"a class, but '{node.id}' gives {output.in_words()}."
        )
        is_mendable = free or tuple(places) == spec.target_shape
        repair = _units_repair(graph, node, last, spec, spec.class_count) if is_mendable else None
        return [Problem("class_count_mismatch", message, node.id, "units", repair)]
    if places[0] is not None and places[0] < spec.steps_needed:
        return [_too_few_steps(node, places[0], spec)]
    activation, owner = last_activation(graph, node, values)
    if activation in ("softmax", "linear") or owner is None:
        return []
    return [_activation_warning(node, owner, activation, "softmax", "probabilities")]


def _too_few_steps(node: Node, steps: int, spec: DataSpec) -> Problem:
    message = (
        f"'{node.id}' gives {steps} steps, but the longest text of the data needs {spec.steps_needed}: each "
        "character takes a step, and two equal ones in a row another between them. Use smaller strides or "
        "less pooling before it."
    )
    return Problem("too_few_steps", message, node.id)


def _numbers(
    graph: Graph,
    node: Node,
    last: Node | None,
    spec: DataSpec,
    values: Mapping[str, Mapping[str, Any]],
    output: TensorSpec,
) -> list[Problem]:
    units = output.shape[-1]
    wanted = spec.output_shapes[0][-1] or 1
    if units != wanted:
        counted = "one number" if wanted == 1 else f"{wanted} numbers"
        message = (
            f"The target '{spec.target_name}' is {counted}, but '{node.id}' gives {units} values. The model "
            f"must end in {'one value' if wanted == 1 else f'{wanted} values'}."
        )
        repair = _units_repair(graph, node, last, spec, wanted)
        return [Problem("regression_output", message, node.id, "units", repair)]
    activation, owner = last_activation(graph, node, values)
    # The two smooth positive ones are a choice, for counts.
    is_of_pixels = spec.task == "reconstruction" and activation == "sigmoid"
    if activation in ("linear", "softplus", "exponential") or owner is None or is_of_pixels:
        return []
    return [_activation_warning(node, owner, activation, "linear", "every number")]


def loss_problems(loss: str, spec: DataSpec, output: TensorSpec, activation: str) -> list[Problem]:
    """Return how the chosen loss misfits task, output and last activation; "auto" always fits."""
    fitting = fitting_losses(spec.task, output.shape[-1])
    if loss == "auto":
        return []
    if loss in fitting:
        if activation_fits(loss, activation):
            return []
        return [Problem("loss_misfit", activation_words(loss, activation), field="loss")]
    message = (
        f"The loss '{loss}' does not fit a {TASKS[spec.task].noun} whose model gives {output.in_words()}. "
        f"Choose {' or '.join(repr(name) for name in ('auto', *fitting))} in the training settings."
    )
    return [Problem("loss_misfit", message, field="loss")]
