"""Checks of kinds, parameters and connections: everything that needs no shapes."""

from __future__ import annotations

from dataclasses import replace

from builder.blocks import registry
from builder.blocks.base import Block, Port
from builder.compiler import repairs
from builder.compiler.own_kinds import own_block
from builder.errors import Problem, Repair
from builder.graph import Edge, Graph, Node
from builder.params import Parameter, check_all, suggestion, with_defaults


def check_wiring(graph: Graph, node: Node) -> list[Problem]:
    """Return what is wrong with a block's kind, parameters and incoming connections."""
    block = registry().get(node.kind)
    if block is None:
        return [_unknown_kind(node)]
    return check_block_wiring(graph, node, block)


def check_block_wiring(graph: Graph, node: Node, block: Block) -> list[Problem]:
    """Return what is wrong with the parameters and incoming connections of a node of this block."""
    problems = _parameter_problems(block, node)
    incoming = graph.incoming(node.id)
    problems += [_unknown_port(block, node, edge) for edge in incoming if not _port(block, edge)]
    for edge in incoming:
        names = _output_names(graph, edge)
        if edge.source_port not in names:
            problems.append(_unknown_output(node, edge, names))
    for port in block.inputs:
        arriving = [edge for edge in incoming if edge.target_port == port.name]
        problem = _port_problem(block, node, port, arriving)
        if problem is not None:
            problems.append(problem)
    return problems


def _parameter_problems(block: Block, node: Node) -> list[Problem]:
    declared = {parameter.name: parameter for parameter in block.parameters}
    problems = check_all(block.parameters, node.parameters, block.label, node.id)
    return [
        replace(problem, repair=_value_repair(node, declared[problem.field]))
        if problem.field in declared
        else problem
        for problem in problems
    ]


def _value_repair(node: Node, parameter: Parameter) -> Repair:
    """Return the repair that gives the nearest good value: one size for all axes, else the default."""
    value = node.parameters[parameter.name]
    alone = value[0] if isinstance(value, list) and len(value) == 1 else value
    if isinstance(parameter.default, list) and parameter.accepts([alone] * len(parameter.default)):
        sizes = [alone] * len(parameter.default)
        words = " × ".join(str(size) for size in sizes)
        return repairs.set_parameter(f"Take {words}", node.id, parameter.name, sizes)
    shown = "empty" if parameter.default is None else f"{parameter.default}"
    label = f"Set it back to its default: {shown}"
    return repairs.set_parameter(label, node.id, parameter.name, parameter.default)


def _port(block: Block, edge: Edge) -> Port | None:
    return next((port for port in block.inputs if port.name == edge.target_port), None)


def _unknown_kind(node: Node) -> Problem:
    message = (
        f"'{node.id}' is a block of the kind '{node.kind}', which this version does not have."
        f"{suggestion(node.kind, list(registry()))} Remove the block or choose another."
    )
    return Problem(
        "unknown_kind", message, node.id, repair=repairs.remove_blocks("Remove the block", [node.id])
    )


def _unknown_port(block: Block, node: Node, edge: Edge) -> Problem:
    names = [port.name for port in block.inputs]
    takes = f"Its inputs are: {', '.join(names)}." if names else "It takes no connection."
    message = (
        f"The connection from '{edge.source}' ends at '{edge.target_port}' of {block.label} '{node.id}', "
        f"which it does not have.{suggestion(edge.target_port, names)} {takes}"
    )
    repair = repairs.remove_edge("Remove the connection", edge)
    return Problem("unknown_port", message, node.id, repair=repair)


def _output_names(graph: Graph, edge: Edge) -> list[str]:
    """Return the outputs of the block at an edge's start; its own where the block cannot be asked."""
    if not graph.has(edge.source):
        return [edge.source_port]
    source = graph.node(edge.source)
    if source.kind in graph.definitions:
        return [port.name for port in own_block(source.kind, graph.definitions).outputs]
    block = registry().get(source.kind)
    if block is None:
        return [edge.source_port]
    if not any(port.when for port in block.outputs):
        return [port.name for port in block.outputs]
    return block.output_names(with_defaults(block.parameters, source.parameters))


def _unknown_output(node: Node, edge: Edge, names: list[str]) -> Problem:
    has = f"It has: {', '.join(names)}." if names else "It has no output."
    message = (
        f"The connection from '{edge.source}' to '{node.id}' starts at '{edge.source_port}', which "
        f"'{edge.source}' does not have.{suggestion(edge.source_port, names)} {has} Draw the connection "
        "again."
    )
    repair = repairs.remove_edge("Remove the connection", edge)
    return Problem("unknown_port", message, node.id, repair=repair)


def _port_problem(block: Block, node: Node, port: Port, arriving: list[Edge]) -> Problem | None:
    title = f"{block.label} '{node.id}'"
    if not arriving and port.optional:
        return None
    if not arriving:
        where = "" if len(block.inputs) == 1 else f" at '{port.name}'"
        message = f"Nothing is connected to {title}{where}. Draw a connection to it, or remove the block."
        repair = repairs.remove_blocks("Remove the block", [node.id])
        return Problem("missing_input", message, node.id, port.name, repair)
    if port.variadic and not port.optional and len(arriving) == 1:
        message = (
            f"{title} joins two or more branches, but only '{arriving[0].source}' is connected to it. "
            "Connect another block to it, or remove it."
        )
        return Problem("missing_input", message, node.id, port.name)
    if not port.variadic and len(arriving) > 1:
        names = ", ".join(f"'{edge.source}'" for edge in arriving)
        message = (
            f"{len(arriving)} blocks are connected to the input '{port.name}' of {title}: {names}. It takes "
            "one. Remove the others, or join them first with Add or Concatenate."
        )
        repair = repairs.remove_last(f"Remove the connection from '{arriving[-1].source}'", arriving)
        return Problem("port_taken_twice", message, node.id, port.name, repair)
    return None
