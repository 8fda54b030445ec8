"""What the operators of a quantized TFLite model compute with, block by block."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from builder.errors import BuilderError, stop
from builder.export.flatbuffer_model import opened_model
from builder.export.preflight.owners import Owners, is_within
from builder.export.quantization import block_of_part
from builder.export.saved_model import output_names

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
    """
    every = operator_patterns(tflite, owners)
    return tuple(pattern for part, pattern in every if any(is_within(part, other) for other in wanted))


def operator_patterns(tflite: bytes, owners: Owners) -> list[tuple[str, str]]:
    """Return the part and the pattern of every operator of a float32 model, those in loops included.

    A recipe knows an operator by what it makes, a semicolon behind each name.
    """
    made = made_by_part(tflite, owners)
    every = [(part, names) for part, operators in made.items() for names in operators]
    return [
        (part, f"^{re.escape(''.join(f'{name};' for name in names))}$")
        for part, names in [*every, *_in_loops(tflite, owners, made)]
    ]


def check_parts(tflite: bytes, owners: Owners, wanted: Sequence[str]) -> None:
    """Make sure that a float32 model has the wanted parts of blocks.

    Raises:
        BuilderError: ``unknown_layer`` where a block has no such part.
    """
    made = made_by_part(tflite, owners)
    for part in wanted:
        if part != block_of_part(part) and not any(is_within(other, part) for other in made):
            raise _unknown_layer(part, made)


def _in_loops(tflite: bytes, owners: Owners, made: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the part and the tensors of each operator in the body of a loop, which is a graph of its own.

    A loop is one operator of its layer, so what it does belongs to that layer, not to the cell inside of it.
    """
    for graph in opened_model(tflite).subgraphs[1:]:
        for operator in graph.operators:
            names = [graph.tensors[index].name.decode() for index in operator.outputs if index >= 0]
            part = next(filter(None, map(owners.part, names)), "")
            while part not in made and "/" in part:
                part = part.rpartition("/")[0]
            if part:
                yield part, names


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
    found: dict[str, list[list[str]]] = {}
    for part, _, made in _parts(_interpreter(tflite), owners):
        found.setdefault(part, []).append([tensor["name"] for tensor in made])
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
    found: dict[str, dict[str, list[str]]] = {}
    for part, operator, made in _parts(_interpreter(tflite), owners):
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


def _parts(interpreter: Interpreter, owners: Owners) -> Iterator[tuple[str, dict[str, Any], list[Any]]]:
    """Yield each operator with its part and the tensors that it makes.

    One without a layer's name belongs to the part that reads it.
    """
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    answers = interpreter.get_signature_runner().get_output_details()
    names = zip(output_names(len(owners.outputs)), owners.outputs, strict=True)
    reader = {answers[name]["index"]: block for name, block in names if name in answers}
    found = []
    for operator in reversed(interpreter._get_ops_details()):
        made = [tensors[index] for index in operator["outputs"] if index in tensors]
        named = next(filter(None, (owners.part(tensor["name"]) for tensor in made)), None)
        read = next((reader[index] for index in operator["outputs"] if index in reader), owners.outputs[0])
        found.append((named or read, operator, made))
        reader |= dict.fromkeys((int(index) for index in operator["inputs"]), named or read)
    yield from reversed(found)
