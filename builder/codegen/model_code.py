"""The part of a script that builds the model."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Mapping
from typing import Any

from builder.blocks import registry
from builder.codegen.layout import INDENT, call_items, literal, source, statement
from builder.compiler.analysis import Analysis
from builder.compiler.model import model_name
from builder.compiler.output_rules import output_nodes
from builder.data.preprocessing import INPUT_FUNCTIONS, input_call
from builder.data.spec import ModelInput
from builder.graph import Node

_RESERVED = {"keras", "layers", "np", "pd", "json", "argparse", *dir(builtins), *keyword.kwlist}
_FROM_COLUMNS = ("means", "variances")


def carried_sources(analysis: Analysis) -> list[str]:
    """Return the source of every function and class that the model needs, each once."""
    assert analysis.spec is not None, "a sound analysis has data"
    carried: list[Any] = []
    for node in analysis.graph.in_order():
        block = registry()[node.kind]
        if block.inputs:
            carried += block.sources
        else:
            chosen = analysis.spec.input(analysis.values[node.id]["source"])
            carried.append(INPUT_FUNCTIONS[input_call(chosen)[0]])
    return [source(item) for item in dict.fromkeys(carried)]


def build_model_source(analysis: Analysis, name: str) -> str:
    """Return the source of ``build_model``: one statement a block, in the order of the data's flow."""
    variables = _variables(analysis)
    arrays: list[str] = []
    lines = ["def build_model():", f'{INDENT}"""Return the untrained model."""']
    for node in analysis.graph.in_order():
        if registry()[node.kind].inputs:
            lines += _block_lines(analysis, node, variables)
        else:
            arrays.append(_array_name(variables[node.id], set(variables.values())))
            lines += _input_lines(analysis, node, f"{arrays[-1]}, {variables[node.id]}")
    (last,) = output_nodes(analysis.graph)
    items = [" + ".join(arrays), variables[last.id], f"name={literal(model_name(name))}"]
    return "\n".join([*lines, *statement(INDENT, "return keras.Model", items)])


def _variables(analysis: Analysis) -> dict[str, str]:
    """Return a variable's name for every block: its id, with an underscore where that is taken."""
    carried = {item.__name__ for block in registry().values() for item in block.sources}
    reserved = _RESERVED | carried | set(INPUT_FUNCTIONS)
    ids = {node.id for node in analysis.graph.nodes}
    names = {}
    for node in analysis.graph.nodes:
        name = node.id
        while name in reserved or (name != node.id and name in ids):
            name += "_"
        names[node.id] = name
    return names


def _array_name(variable: str, taken: set[str]) -> str:
    name = f"{variable.strip('_')}_arrays"
    while name in taken:
        name += "_"
    return name


def _input_lines(analysis: Analysis, node: Node, target: str) -> list[str]:
    assert analysis.spec is not None, "a sound analysis has data"
    chosen = analysis.spec.input(analysis.values[node.id]["source"])
    function, arguments = input_call(chosen)
    items = [f"{name}={_input_value(chosen, name, value)}" for name, value in arguments.items()]
    return statement(INDENT, f"{target} = {function}", items)


def _input_value(chosen: ModelInput, name: str, value: Any) -> str:
    if chosen.kind == "table" and name in _FROM_COLUMNS:
        return f'COLUMNS["{name}"]'
    return literal(value)


def _block_lines(analysis: Analysis, node: Node, variables: Mapping[str, str]) -> list[str]:
    block, values = registry()[node.kind], analysis.values[node.id]
    call = block.call(values, node.id)
    arriving = _arriving(analysis, node, variables)
    start = f"{variables[node.id]} = {call.path}"
    if not block.is_layer:
        keywords = [f"{name}={literal(value)}" for name, value in call.arguments.items()]
        return statement(INDENT, start, [*arriving, *keywords])
    keywords = [f"{name}={literal(value)}" for name, value in block.keywords(values).items()]
    return statement(INDENT, start, call_items(call), [*arriving, *keywords])


def _arriving(analysis: Analysis, node: Node, variables: Mapping[str, str]) -> list[str]:
    written = []
    for port in registry()[node.kind].inputs:
        edges = [edge for edge in analysis.graph.incoming(node.id) if edge.target_port == port.name]
        names = [variables[edge.source] for edge in edges]
        written.append(f"[{', '.join(names)}]" if port.variadic else names[0])
    return written
