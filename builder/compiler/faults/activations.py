"""Activation functions in places where they hinder: softmax before more work, saturation in deep stacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.compiler import repairs
from builder.compiler.ends import output_nodes
from builder.compiler.faults.paths import (
    TRANSPARENT,
    activation_of,
    back,
    before_transparent,
    has_matrix,
    readers,
)
from builder.compiler.symbolic import Outcome
from builder.errors import Problem, Repair
from builder.graph import Graph, Node

Values = Mapping[str, Mapping[str, Any]]
Outcomes = Mapping[str, Outcome]

SATURATING = ("sigmoid", "tanh", "hard_sigmoid", "hard_tanh", "softsign")
DEEP = 4
_PROBABILITIES = ("softmax", "sigmoid")
# Blocks of one input that change values and learn no matrix: an output behind them is no probability.
_CHANGES = ("activation.v1", "batch_normalization.v1", "layer_normalization.v1", "unit_normalization.v1")


def warnings(graph: Graph, values: Values, outcomes: Outcomes) -> list[Problem]:
    """Return the warnings about activation functions."""
    found = [_two_softmaxes(graph, node, values) for node in graph.nodes if node.id in outcomes]
    found += [_softmax_inside(graph, node, values, outcomes) for node in graph.nodes if node.id in outcomes]
    found += [
        _changed_probabilities(graph, node, values) for node in output_nodes(graph) if node.id in outcomes
    ]
    found += _saturating(graph, values, outcomes)
    return [problem for problem in found if problem is not None]


def _two_softmaxes(graph: Graph, node: Node, values: Values) -> Problem | None:
    if node.kind not in ("activation.v1", "softmax.v1") or activation_of(node, values) != "softmax":
        return None
    before = before_transparent(graph, node)
    if before is None or activation_of(before, values) != "softmax":
        return None
    message = (
        f"'{before.id}' gives probabilities by softmax already, and '{node.id}' applies softmax to them once "
        "more: every class gets nearly the same probability, and training hardly moves. Remove the second."
    )
    repair = repairs.take_out(f"Take '{node.id}' out", graph, node.id)
    return Problem("two_softmaxes", message, node.id, None, repair, "warning")


def _softmax_inside(graph: Graph, node: Node, values: Values, outcomes: Outcomes) -> Problem | None:
    following = readers(graph, node)
    if activation_of(node, values) != "softmax" or not following:
        return None
    # A softmax that weighs another branch, as attention does, is meant: learned weights after it are odd.
    if not all(has_matrix(reader, outcomes) for reader in following):
        return None
    message = (
        f"'{node.id}' applies softmax inside the model, before '{following[0].id}': its values then sum to 1 "
        "and compete with each other, and little of what was learned passes on. Use relu, and keep softmax "
        "for the end."
    )
    repair = None
    if "activation" in values[node.id]:
        repair = repairs.set_parameter(f"Give '{node.id}' relu", node.id, "activation", "relu")
    return Problem("softmax_inside", message, node.id, "activation", repair, "warning")


def _changed_probabilities(graph: Graph, end: Node, values: Values) -> Problem | None:
    """Warn where the loss takes the output for logits, although softmax or sigmoid lies before it."""
    chain = [node for node in (end, *back(graph, end)) if node.kind not in TRANSPARENT]
    if not chain or activation_of(chain[0], values) in _PROBABILITIES:
        return None
    changing = []
    for node in chain:
        if activation_of(node, values) in _PROBABILITIES:
            break
        if node.kind not in _CHANGES:
            return None
        changing.append(node.id)
    else:
        return None
    message = (
        f"'{node.id}' gives probabilities ({activation_of(node, values)}), but '{changing[-1]}' after it "
        "changes them. Training then takes the output for raw scores (from_logits) and applies the function "
        f"once more. Take out what follows '{node.id}'."
    )
    repair = repairs.take_out(f"Take '{changing[0]}' out", graph, changing[0]) if len(changing) == 1 else None
    return Problem("softmax_before_logits_loss", message, changing[-1], None, repair, "warning")


def _saturating(graph: Graph, values: Values, outcomes: Outcomes) -> list[Problem]:
    """Warn once of each stack of weighted blocks whose functions all saturate."""
    stacks: dict[str, list[Node]] = {}
    for node in graph.in_order():
        if node.id not in outcomes:
            continue
        (before,) = (
            [edge.source for edge in graph.incoming(node.id)] if len(graph.incoming(node.id)) == 1 else [""]
        )
        stack = stacks.get(before, [])
        if activation_of(node, values) in SATURATING:
            stacks[node.id] = [*stack, node]
        elif node.kind in TRANSPARENT or _is_linear(node, values, outcomes):
            stacks[node.id] = stack
    longest = [stack for stack in stacks.values() if len(stack) == DEEP]
    return [_saturating_problem(graph, stack, stacks) for stack in longest]


def _is_linear(node: Node, values: Values, outcomes: Outcomes) -> bool:
    # One layer of weights without a function; a composite brings functions and normalizations of its own.
    result = outcomes[node.id]
    is_single = len(result.layers) == 1 and "return_sequences" not in values[node.id]
    return is_single and has_matrix(node, outcomes) and activation_of(node, values) == "linear"


def _saturating_problem(graph: Graph, stack: list[Node], stacks: Mapping[str, list[Node]]) -> Problem:
    whole = max((other for other in stacks.values() if other[: len(stack)] == stack), key=len)
    ends = {node.id for node in output_nodes(graph)}
    hidden = [node for node in whole if node.id not in ends]
    names = ", ".join(f"'{node.id}'" for node in hidden)
    message = (
        f"{len(whole)} blocks in a row end in sigmoid or tanh ({names}), with no normalization or shortcut "
        "between them: the gradient shrinks at each, so the first ones hardly learn. Use relu in them, or "
        "put normalizations between."
    )
    edits = tuple(
        edit for node in hidden for edit in repairs.set_parameter("", node.id, "activation", "relu").edits
    )
    repair = Repair(f"Give {'all' if len(hidden) > 2 else 'both'} relu", edits)
    return Problem("saturating_stack", message, hidden[0].id, "activation", repair, "warning")
