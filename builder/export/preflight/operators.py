"""What the operators of a quantized TFLite model compute with, block by block."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from builder.export.preflight.owners import block_of_path
from builder.export.quantize import of_layer

# They pass from one kind of number to the other, or only move values in whatever kind they come.
_NO_WORK: tuple[str, ...] = ("QUANTIZE", "DEQUANTIZE", "RESHAPE", "TRANSPOSE", "SQUEEZE", "EXPAND_DIMS")
_NO_WORK += ("PACK", "UNPACK", "SHAPE", "STRIDED_SLICE", "FILL", "BROADCAST_TO")
# Masks and indices, of other kinds of numbers, are the same in every format.
_KINDS = {np.float32: "float", np.int8: "whole", np.int16: "whole"}


def kept_patterns(
    tflite: bytes, layers: Mapping[str, str], last: str, blocks: Sequence[str]
) -> tuple[str, ...]:
    """Return patterns of the operators of some blocks in a float32 model, for a recipe to leave alone.

    A recipe knows an operator by the names of what it makes, each followed by a semicolon.

    Args:
        tflite: the float32 model.
        layers: the block of every layer, from ``block_of_layers``.
        last: the block that makes the model's output.
        blocks: the blocks that are wanted.
    """
    owned = made_by_block(tflite, layers, last)
    scopes = ["".join(f"{name};" for name in names) for block in blocks for names in owned.get(block, ())]
    # The body of a loop is a graph of its own, whose tensors carry the layer's name.
    inside = [of_layer(layer) for layer, block in layers.items() if block in blocks]
    return (*(f"^{re.escape(scope)}$" for scope in scopes), *inside)


def made_by_block(tflite: bytes, layers: Mapping[str, str], last: str) -> dict[str, list[list[str]]]:
    """Return for each block the names of the tensors that each of its operators makes, in their order."""
    interpreter = _interpreter(tflite)
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    operators = interpreter._get_ops_details()
    found: dict[str, list[list[str]]] = {}
    for operator, block in zip(operators, _blocks(operators, tensors, layers, last), strict=True):
        names = [tensors[index]["name"] for index in operator["outputs"] if index in tensors]
        found.setdefault(block, []).append(names)
    return found


def operators_by_block(
    tflite: bytes, layers: Mapping[str, str], last: str
) -> dict[str, dict[str, list[str]]]:
    """Return for each block the names of its operators: ``{"float": [...], "whole": [...]}``.

    "float" operators give 32-bit floats, "whole" ones numbers of 8 or 16 bits. Those that only move values
    are left out, and so are blocks without any other.

    Args:
        tflite: a quantized model.
        layers: the block of every layer, from ``block_of_layers``.
        last: the block that makes the model's output, whose operator loses its name in the conversion.
    """
    interpreter = _interpreter(tflite)
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    operators = interpreter._get_ops_details()
    found: dict[str, dict[str, list[str]]] = {}
    for operator, block in zip(operators, _blocks(operators, tensors, layers, last), strict=True):
        made = [tensors[index] for index in operator["outputs"] if index in tensors]
        if not made or operator["op_name"] in _NO_WORK:
            continue
        kind = next(filter(None, (_KINDS.get(tensor["dtype"]) for tensor in made)), None)
        if kind is not None:
            found.setdefault(block, {"float": [], "whole": []})[kind].append(operator["op_name"])
    return found


def _interpreter(tflite: bytes) -> Interpreter:
    return Interpreter(
        model_content=tflite, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )


def _blocks(
    operators: list[dict[str, Any]], tensors: Mapping[int, Any], layers: Mapping[str, str], last: str
) -> list[str]:
    """Return the block of each operator; one without a layer's name belongs to the block that reads it."""
    reader: dict[int, str] = {}
    blocks = []
    for operator in reversed(operators):
        names = [tensors[index]["name"] for index in operator["outputs"] if index in tensors]
        named = next(filter(None, (block_of_path(name, layers) for name in names)), None)
        read = next((reader[index] for index in operator["outputs"] if index in reader), last)
        blocks.append(named or read)
        reader |= dict.fromkeys((int(index) for index in operator["inputs"]), named or read)
    return blocks[::-1]
