"""What the operators of a quantized TFLite model compute with, block by block."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from builder.errors import BuilderError, stop
from builder.export.preflight.owners import Owners, is_within
from builder.export.quantization import block_of_part
from builder.export.quantize import of_layer

# They pass from one kind of number to the other, or only move values in whatever kind they come.
_NO_WORK: tuple[str, ...] = ("QUANTIZE", "DEQUANTIZE", "RESHAPE", "TRANSPOSE", "SQUEEZE", "EXPAND_DIMS")
_NO_WORK += ("PACK", "UNPACK", "SHAPE", "STRIDED_SLICE", "FILL", "BROADCAST_TO")
# Masks and indices, of other kinds of numbers, are the same in every format.
_KINDS = {np.float32: "float", np.int8: "whole", np.int16: "whole"}


def kept_patterns(tflite: bytes, owners: Owners, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return patterns of the operators of some blocks or parts in a float32 model, which recipes leave alone.

    Args:
        tflite: the float32 model.
        owners: whose its operators are.
        wanted: the blocks, or parts of blocks as ``made_by_part`` names them.

    Raises:
        BuilderError: ``unknown_layer`` where a block has no such part.
    """
    made = made_by_part(tflite, owners)
    for part in wanted:
        if part != block_of_part(part) and not any(is_within(other, part) for other in made):
            raise _unknown_layer(part, made)
    kept = [part for part in made if any(is_within(part, other) for other in wanted)]
    return _patterns(owners, wanted, {part: made[part] for part in kept})


def other_patterns(tflite: bytes, owners: Owners, part: str) -> tuple[str, ...]:
    """Return patterns of all operators of a float32 model but those of one block or part."""
    made = made_by_part(tflite, owners)
    others = {other: operators for other, operators in made.items() if not is_within(other, part)}
    blocks = set(owners.layers.values()) - {block_of_part(part)}
    return _patterns(owners, blocks, others)


def _patterns(
    owners: Owners, blocks: Collection[str], made: Mapping[str, list[list[str]]]
) -> tuple[str, ...]:
    """Return patterns of operators; a recipe knows one by what it makes, a semicolon behind each name."""
    scopes = ("".join(f"{name};" for name in names) for operators in made.values() for names in operators)
    # The body of a loop is a graph of its own, whose tensors carry the layer's name.
    inside = [of_layer(layer) for layer, block in owners.layers.items() if block in blocks]
    return (*(f"^{re.escape(scope)}$" for scope in scopes), *inside)


def _unknown_layer(part: str, made: Mapping[str, Any]) -> BuilderError:
    block = block_of_part(part)
    names = [name for name in made if name.startswith(f"{block}/")]
    known = f"Its layers are: {', '.join(names)}." if names else "It is one layer as a whole."
    return stop("unknown_layer", f"The block '{block}' has no layer '{part}'. {known}", block=block)


def made_by_block(tflite: bytes, owners: Owners) -> dict[str, list[list[str]]]:
    """Return for each block the names of the tensors that each of its operators makes, in their order."""
    found: dict[str, list[list[str]]] = {}
    for part, operators in made_by_part(tflite, owners).items():
        found.setdefault(block_of_part(part), []).extend(operators)
    return found


def made_by_part(tflite: bytes, owners: Owners) -> dict[str, list[list[str]]]:
    """Return the same for each part of a block: what a layer inside of it makes, such as "encoder/query"."""
    interpreter = _interpreter(tflite)
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    operators = interpreter._get_ops_details()
    found: dict[str, list[list[str]]] = {}
    for operator, part in zip(operators, _parts(operators, tensors, owners), strict=True):
        names = [tensors[index]["name"] for index in operator["outputs"] if index in tensors]
        found.setdefault(part, []).append(names)
    return found


def operators_by_block(tflite: bytes, owners: Owners) -> dict[str, dict[str, list[str]]]:
    """Return for each block the names of its operators: ``{"float": [...], "whole": [...]}``.

    "float" operators give 32-bit floats, "whole" ones numbers of 8 or 16 bits. Those that only move values
    are left out, and so are blocks without any other.

    Args:
        tflite: a quantized model.
        owners: whose its operators are.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for part, kinds in operators_by_part(tflite, owners).items():
        own = found.setdefault(block_of_part(part), {"float": [], "whole": []})
        for kind, names in kinds.items():
            own[kind] += names
    return found


def operators_by_part(tflite: bytes, owners: Owners) -> dict[str, dict[str, list[str]]]:
    """Return the same for each part of a block."""
    interpreter = _interpreter(tflite)
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    operators = interpreter._get_ops_details()
    found: dict[str, dict[str, list[str]]] = {}
    for operator, part in zip(operators, _parts(operators, tensors, owners), strict=True):
        made = [tensors[index] for index in operator["outputs"] if index in tensors]
        if not made or operator["op_name"] in _NO_WORK:
            continue
        kind = next(filter(None, (_KINDS.get(tensor["dtype"]) for tensor in made)), None)
        if kind is not None:
            found.setdefault(part, {"float": [], "whole": []})[kind].append(operator["op_name"])
    return found


def _interpreter(tflite: bytes) -> Interpreter:
    return Interpreter(
        model_content=tflite, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )


def _parts(operators: list[dict[str, Any]], tensors: Mapping[int, Any], owners: Owners) -> list[str]:
    """Return the part of each operator; one without a layer's name belongs to the part that reads it."""
    reader: dict[int, str] = {}
    parts = []
    for operator in reversed(operators):
        names = [tensors[index]["name"] for index in operator["outputs"] if index in tensors]
        named = next(filter(None, map(owners.part, names)), None)
        read = next((reader[index] for index in operator["outputs"] if index in reader), owners.last)
        parts.append(named or read)
        reader |= dict.fromkeys((int(index) for index in operator["inputs"]), named or read)
    return parts[::-1]
