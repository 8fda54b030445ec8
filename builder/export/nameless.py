"""TFLite files without the names of their inner tensors, which no runtime asks for."""

from __future__ import annotations

from builder.export.flatbuffer_model import opened_model, written_model


def nameless(tflite: bytes) -> bytes:
    """Return a model whose inputs and outputs alone have names.

    The names of the others tell where an operator comes from, and are a tenth of a file for microcontrollers.
    """
    model = opened_model(tflite)
    for graph in model.subgraphs:
        ends = {*graph.inputs, *graph.outputs}
        for index, tensor in enumerate(graph.tensors):
            if index not in ends:
                tensor.name = b""
    return written_model(model)
