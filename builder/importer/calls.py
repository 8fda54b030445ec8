"""Calls of layers as connections: to the ports of a block where they say it all, else by a template."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.blocks.base import Block
from builder.blocks.imported import INPUT, ONE_INPUT
from builder.importer.saved import Reference, SavedCall, reference_of, references


@dataclass(frozen=True)
class Wiring:
    """What a call needs: the tensor at each port, in order, and the parameters that say the rest."""

    ends: tuple[tuple[str, Reference], ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)


def by_ports(block: Block, call: SavedCall) -> Wiring | None:
    """Return the connections to a block's ports that make exactly this call, or None."""
    required = [port for port in block.inputs if not port.optional]
    optional = {port.name for port in block.inputs if port.optional}
    if len(call.args) != len(required):
        return None
    ends: list[tuple[str, Reference]] = []
    for port, argument in zip(required, call.args, strict=True):
        tensors = argument if port.variadic and isinstance(argument, list) else [argument]
        if not all(_is_tensor(tensor) for tensor in tensors) or port.variadic != isinstance(argument, list):
            return None
        if port.variadic and len({*references(argument)}) != max(2, len(argument)):
            return None
        ends += [(port.name, reference_of(tensor)) for tensor in tensors]
    parameters = {}
    declared = {item.name: item for item in block.parameters}
    for name, value in spoken(block.function, call.kwargs).items():
        if name in optional and _is_tensor(value):
            ends.append((name, reference_of(value)))
        elif name in block.when_called and declared[name].type.accepts(value):
            parameters[name] = value
        else:
            return None
    return Wiring(tuple(ends), parameters)


def by_template(call: SavedCall) -> Wiring:
    """Return the connections to a generic block, and the arguments with places for them."""
    tensors = tuple(dict.fromkeys(references([call.args, call.kwargs])))
    numbers = {tensor: number for number, tensor in enumerate(tensors)}
    arguments = {"args": _numbered(call.args, numbers), "kwargs": _numbered(call.kwargs, numbers)}
    said = {} if arguments == ONE_INPUT else {"arguments": arguments}
    return Wiring(tuple(("inputs", tensor) for tensor in tensors), said)


def spoken(function: Any, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the named arguments that say something: not None, and not the call's own default."""
    try:
        declared = inspect.signature(function.call).parameters
    except (AttributeError, ValueError, TypeError):
        declared = {}  # type: ignore[assignment]
    return {
        name: value
        for name, value in kwargs.items()
        if value is not None and not (name in declared and _same(declared[name].default, value))
    }


def _same(default: Any, value: Any) -> bool:
    return type(default) is type(value) and bool(default == value)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__"


def _numbered(value: Any, numbers: Mapping[Reference, int]) -> Any:
    if _is_tensor(value):
        return {INPUT: numbers[reference_of(value)]}
    if isinstance(value, Mapping):
        return {key: _numbered(item, numbers) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_numbered(item, numbers) for item in value]
    return value
