"""What the operators of a quantized TFLite model compute with, block by block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from builder.export.preflight.owners import block_of_path

# They pass from one kind of number to the other, or only move values in whatever kind they come.
_NO_WORK: tuple[str, ...] = ("QUANTIZE", "DEQUANTIZE", "RESHAPE", "TRANSPOSE", "SQUEEZE", "EXPAND_DIMS")
_NO_WORK += ("PACK", "UNPACK", "SHAPE", "STRIDED_SLICE", "FILL", "BROADCAST_TO")
# Masks and indices, of other kinds of numbers, are the same in every format.
_KINDS = {np.float32: "float", np.int8: "whole", np.int16: "whole"}


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
    interpreter = Interpreter(
        model_content=tflite, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
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
