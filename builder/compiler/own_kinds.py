"""An own block as a block like any other: its ports and parameters come from the graph inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from builder.blocks import registry
from builder.blocks.base import Block, OutputPort, Port
from builder.graph import Definition, Exposed
from builder.own_blocks import REPEAT, TRAINING, input_ports, output_ports
from builder.params import Boolean, Integer, Optional, Parameter

_REPEAT = Parameter(
    REPEAT,
    Integer(1, 100),
    1,
    "How often the block is applied, one after the other, each time with weights of its own.",
)
_TRAINING = Parameter(
    TRAINING,
    Optional(Boolean()),
    None,
    "Run it as in training (yes) or as in predicting (no), whatever the whole model does. Empty follows it.",
    advanced=True,
)


def own_block(kind: str, definitions: Mapping[str, Definition]) -> Block:
    """Return the declaration of an own block, for checks and forms; it cannot be applied itself."""
    return _own_block(kind, definitions, {})


def _own_block(kind: str, definitions: Mapping[str, Definition], known: dict[str, Block]) -> Block:
    # Each parameter that a block shows asks for the block that it lies in: without a memory the time would
    # be multiplied at every level of blocks in blocks.
    if kind not in known:
        known[kind] = _declared(kind, definitions, known)
    return known[kind]


def _declared(kind: str, definitions: Mapping[str, Definition], known: dict[str, Block]) -> Block:
    definition = definitions[kind]
    return Block(
        kind=kind,
        label=definition.label,
        category="Own blocks",
        summary=definition.summary or "A block of your own.",
        formula="",
        reference="",
        inputs=tuple(Port(name, ()) for name in input_ports(definition)),
        outputs=tuple(OutputPort(name) for name in output_ports(definition)),
        parameters=(
            *_exposed_parameters(definition, definitions, known),
            *((_TRAINING,) if definition.nested_model else ()),
            _REPEAT,
        ),
    )


def _exposed_parameters(
    definition: Definition, definitions: Mapping[str, Definition], known: dict[str, Block]
) -> list[Parameter]:
    found: dict[str, Parameter] = {}
    for item in definition.exposed:
        parameter = _inner_parameter(definition, item, definitions, known)
        if parameter is not None:
            found.setdefault(item.name, parameter)
    return list(found.values())


def _inner_parameter(
    definition: Definition, item: Exposed, definitions: Mapping[str, Definition], known: dict[str, Block]
) -> Parameter | None:
    node = next((node for node in definition.graph.nodes if node.id == item.node), None)
    if node is None:
        return None
    if node.kind in definitions:
        block = _own_block(node.kind, definitions, known)
    elif node.kind in registry():
        block = registry()[node.kind]
    else:
        return None
    for parameter in block.parameters:
        if parameter.name == item.parameter:
            value = node.parameters.get(item.parameter, parameter.default)
            return replace(parameter, name=item.name, label="", default=value)
    return None
