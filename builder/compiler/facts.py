"""What the canvas shows of blocks: shapes, counts of weights and problems, also inside own blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from builder.compiler.analysis import Analysis
from builder.errors import Problem, Repair
from builder.graph import Definition, Node
from builder.own_block_rules import holder, problems_inside
from builder.own_blocks import output_ports, prefixes


def facts(analysis: Analysis, nodes: Mapping[str, Node]) -> dict[str, Any]:
    """Return shape, dtype, flow, outputs and count of weights of nodes, by the names they are asked by.

    Args:
        analysis: the analysis of the document that the nodes stand in.
        nodes: the nodes by their names in the document or, for what lies in own blocks, in its expansion.
    """
    weights = _weights(analysis)
    found = {}
    for name, node in nodes.items():
        outputs = _outputs(analysis, name, node)
        if outputs:
            first = next(iter(outputs.values()))
            found[name] = {**first, "parameters": weights.get(name, 0), "outputs": outputs}
    return found


def inside(analysis: Analysis) -> dict[str, Any]:
    """Return for every own kind in use what is known of its blocks, as its first use has them.

    Returns:
        ``{kind: {"use", "nodes", "problems"}}``: the document's node that the first use is or lies in, facts
        and problems, with the blocks called as they are in the definition. Problems are those of every use.
    """
    if not analysis.expansion.uses:
        return _unopened(analysis)
    found = {}
    problems = _problems_by_kind(analysis)
    for kind, (use, prefix) in analysis.expansion.uses.items():
        definition = analysis.document.definitions[kind]
        known = facts(analysis, {prefix + node.id: node for node in definition.graph.nodes})
        found[kind] = {
            "use": analysis.expansion.owner(use),
            "nodes": {name[len(prefix) :]: told for name, told in known.items()},
            "problems": [problem.to_json() for problem in problems.get(kind, ())],
        }
    return found


def _unopened(analysis: Analysis) -> dict[str, Any]:
    """Return as ``inside`` what is wrong with own blocks that could not be opened because of it."""
    document = analysis.document
    return {
        kind: {"use": use, "nodes": {}, "problems": [problem.to_json() for problem in problems]}
        for kind, problems in problems_inside(document).items()
        if (use := holder(document, kind)) is not None
    }


def _weights(analysis: Analysis) -> dict[str, int]:
    """Return the count of weights of every known node of the document and in its own blocks."""
    weights: dict[str, int] = {}
    for node_id, result in analysis.outcomes.items():
        at: str | None = node_id
        while at is not None:
            weights[at] = weights.get(at, 0) + result.parameters
            at = analysis.expansion.parents.get(at)
    return weights


def _outputs(analysis: Analysis, name: str, node: Node) -> dict[str, Any]:
    definition = analysis.document.definitions.get(node.kind)
    result = analysis.outcomes.get(name)
    if definition is not None:
        ports = list(output_ports(definition))
    else:
        # The free inputs and output markers of an own block have no outcome, but what passes them is known.
        ports = ["output"] if result is None else list(result.outputs)
    specs = {port: analysis.output_of(name, port) for port in ports}
    return {
        port: {"shape": list(spec.shape), "dtype": spec.dtype, "flow": spec.flow}
        for port, spec in specs.items()
        if spec is not None
    }


def _problems_by_kind(analysis: Analysis) -> dict[str, list[Problem]]:
    """Return by own kind the problems of what lies in its uses, told of the definition's blocks.

    What is wrong in several uses is told once, of the first.
    """
    first = {use: kind for kind, (use, _) in analysis.expansion.uses.items()}
    uses = {
        node.id: node
        for level in analysis.expansion.levels
        for node in level.nodes
        if node.kind in level.definitions
    }
    found: dict[str, list[tuple[bool, Problem]]] = {}
    for problem in analysis.inner_problems:
        at = problem.block or ""
        for use in analysis.expansion.holders(at):
            told = _told_inside(analysis, problem, uses[use], at, use in first)
            found.setdefault(uses[use].kind, []).append(told)
            at = use
    return {kind: _once(told) for kind, told in found.items()}


def _once(told: list[tuple[bool, Problem]]) -> list[Problem]:
    """Return problems without those of the same kind and place, those of a first use before others."""
    chosen: dict[tuple[str, str | None, str | None], Problem] = {}
    for _, problem in sorted(told, key=lambda item: not item[0]):
        chosen.setdefault((problem.code, problem.block, problem.field), problem)
    return list(chosen.values())


def _told_inside(
    analysis: Analysis, problem: Problem, use: Node, node_id: str, is_first: bool
) -> tuple[bool, Problem]:
    """Return whether the canvas shows this very use, and a problem of the flat graph as told inside it."""
    definition = analysis.document.definitions[use.kind]
    known = prefixes(use)
    number = max(place for place, prefix in enumerate(known) if node_id.startswith(prefix))
    prefix = known[number]
    message = problem.message.replace(f"'{prefix}", "'")
    if number:
        message = f"In repetition {number + 1}: {message}"
    if not is_first:
        message = f"Where '{use.id}' uses it: {message}"
    is_deeper = node_id != problem.block
    told = replace(
        problem,
        message=message,
        block=node_id[len(prefix) :],
        field=None if is_deeper else problem.field,
        repair=None if is_deeper else _repair_inside(problem.repair, definition, prefix),
    )
    return is_first and not number, told


def _repair_inside(repair: Repair | None, definition: Definition, prefix: str) -> Repair | None:
    """Return a repair of the flat graph as one of the definition, where it sets values inside it alone."""
    if repair is None:
        return None
    own = {prefix + node.id for node in definition.graph.nodes}
    shown = {(item.node, item.parameter) for item in definition.exposed}
    edits = []
    for edit in repair.edits:
        name = str(edit.get("id"))[len(prefix) :]
        # What the block shows on its outside is set by each use of it: a value inside would change nothing.
        if edit["op"] != "set_parameter" or edit["id"] not in own or (name, edit["name"]) in shown:
            return None
        edits.append({**edit, "id": name})
    return Repair(repair.label, tuple(edits))
