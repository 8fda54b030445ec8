"""What the canvas shows of blocks: shapes, counts of weights and problems, also inside own blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from builder.compiler.analysis import Analysis
from builder.errors import Problem, Repair
from builder.graph import Definition, Node
from builder.own_blocks import output_ports


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
        and problems, with the blocks called as they are in the definition.
    """
    found = {}
    for kind, (use, prefix) in analysis.expansion.uses.items():
        definition = analysis.document.definitions[kind]
        known = facts(analysis, {prefix + node.id: node for node in definition.graph.nodes})
        found[kind] = {
            "use": analysis.expansion.owner(use),
            "nodes": {name[len(prefix) :]: told for name, told in known.items()},
            "problems": [problem.to_json() for problem in _problems(analysis, definition, use, prefix)],
        }
    return found


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


def _problems(analysis: Analysis, definition: Definition, use: str, prefix: str) -> list[Problem]:
    """Return the problems of what lies in one use of an own block, told of the definition's blocks."""
    found = []
    for problem in analysis.inner_problems:
        block = _block_inside(analysis, problem.block or "", use, prefix)
        if block is None:
            continue
        is_deeper = prefix + block != problem.block
        message = problem.message.replace(f"'{prefix}", "'")
        repair = None if is_deeper else _repair_inside(problem.repair, definition, prefix)
        place = None if is_deeper else problem.field
        found.append(replace(problem, message=message, block=block, field=place, repair=repair))
    return found


def _block_inside(analysis: Analysis, node_id: str, use: str, prefix: str) -> str | None:
    """Return the block of a definition that a node of the flat graph is, or lies in; None for others."""
    at: str | None = node_id
    while at is not None:
        parent = analysis.expansion.parents.get(at)
        if parent == use and at.startswith(prefix):
            return at[len(prefix) :]
        at = parent
    return None


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
