"""ONNX files from Keras models, with operators of the ONNX standard only."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from onnx import helper, numpy_helper

from builder.errors import stop
from builder.export.saved_model import answering
from builder.export.trouble import block_in

# The newest version of the operators that the converter knows; runtimes from 2022 on read it.
OPSET = 17
_ADVICE = "Export to TFLite or SavedModel, or replace the block."


def write_onnx(model: keras.Model, file: Path, node_ids: Iterable[str]) -> None:
    """Write a model as an ONNX file that takes batches of any size, inputs and outputs named as in TFLite.

    Args:
        model: the trained model, which takes numeric arrays.
        file: where to write.
        node_ids: ids of the project's blocks, to name one that cannot be converted.

    Raises:
        BuilderError: where the model needs an operation that ONNX lacks.

    Reference:
        https://onnx.ai/onnx/intro/concepts.html
    """
    # The converter shows the traces of what it cannot do; what matters is told by this function.
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    endpoint, signature = answering(model, None)
    function = tf.function(endpoint, input_signature=[signature])
    made, _ = tf2onnx.convert.from_function(function, [signature], opset=OPSET)
    _hold_captured(made.graph, function.get_concrete_function(signature))
    _spell_out(made.graph)
    _drop_unused(made.graph)
    _refuse_unknown(made.graph, node_ids)
    onnx.checker.check_model(made)
    file.write_bytes(made.SerializeToString())


def _hold_captured(graph: Any, function: Any) -> None:
    """Put the numbers that a model holds otherwise than as weights, such as means, into the file.

    The converter takes them for inputs.
    """
    captured = {inner.name: outer for outer, inner in function.graph.captures if outer.dtype != tf.resource}
    for item in [item for item in graph.input if item.name in captured]:
        graph.initializer.append(numpy_helper.from_array(captured[item.name].numpy(), item.name))
        graph.input.remove(item)


def _spell_out(graph: Any) -> None:
    """Write operations of TensorFlow that ONNX lacks with those that it has, throughout a graph."""
    made_by = {name: node for node in graph.node for name in node.output}
    constants = {item.name: item for item in graph.initializer}
    nodes: list[Any] = []
    for node in graph.node:
        source = made_by.get(node.input[0]) if node.input else None
        if node.op_type == "Erfc":
            nodes += _erfc(graph, node)
        elif node.op_type in ("Real", "Imag") and source is not None and source.op_type == "RFFT":
            nodes.append(_half_of_rfft(graph, node, source, constants))
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input} | {item.name for item in graph.output}
    kept = [node for node in nodes if node.op_type != "RFFT" or used & set(node.output)]
    del graph.node[:]
    graph.node.extend(kept)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _spell_out(attribute.g)


def _drop_unused(graph: Any) -> None:
    """Drop the numbers that no operation of a graph takes: runtimes warn of each."""
    taken = set(_taken(graph))
    for item in [item for item in graph.initializer if item.name not in taken]:
        graph.initializer.remove(item)


def _taken(graph: Any) -> Iterator[str]:
    """Yield the names that operations of a graph take, also from within loops, and those that it gives."""
    yield from (item.name for item in graph.output)
    for node in graph.node:
        yield from node.input
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _taken(attribute.g)


def _erfc(graph: Any, node: Any) -> list[Any]:
    """Return erfc(x) = 1 - erf(x), which the exact GELU needs."""
    one, between = f"{node.name}/one", f"{node.name}/erf"
    graph.initializer.append(numpy_helper.from_array(np.array(1.0, np.float32), one))
    return [
        helper.make_node("Erf", [node.input[0]], [between], name=f"{node.name}/Erf"),
        helper.make_node("Sub", [one, between], [node.output[0]], name=node.name),
    ]


def _half_of_rfft(graph: Any, node: Any, fourier: Any, constants: dict[str, Any]) -> Any:
    """Return the real or the imaginary part of a Fourier transform of real numbers, as a product of matrices.

    X[k] = sum over n of x[n] (cos(2 pi k n / N) - i sin(2 pi k n / N)), k = 0 … N / 2.
    """
    size = int(numpy_helper.to_array(constants[fourier.input[1]]).reshape(-1)[0])
    # Whole numbers first: the angles of a long window would lose their digits.
    turns = np.outer(np.arange(size), np.arange(size // 2 + 1)) % size
    angles = 2 * math.pi * turns / size
    values = np.cos(angles) if node.op_type == "Real" else -np.sin(angles)
    matrix = f"{node.name}/matrix"
    graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), matrix))
    return helper.make_node("MatMul", [fourier.input[0], matrix], [node.output[0]], name=node.name)


def _refuse_unknown(graph: Any, node_ids: Iterable[str]) -> None:
    for node in graph.node:
        if node.domain == "" and not onnx.defs.has(node.op_type):
            block = block_in(f'"{node.name}"', node_ids)
            where = f"the block '{block}' needs" if block else "the model needs"
            message = (
                f"ONNX could not be made: {where} the operation {node.op_type}, which ONNX lacks. {_ADVICE}"
            )
            raise stop("unsupported_operation", message, block=block)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _refuse_unknown(attribute.g, node_ids)
