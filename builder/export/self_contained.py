"""Quantized TFLite files whose weights lie inside the model itself, where every runtime finds them."""

from __future__ import annotations

from ai_edge_litert.tools import flatbuffer_utils

# Larger ones fit no microcontroller, and writing them anew would take long.
LARGEST_BYTES = 16_000_000


def self_contained(tflite: bytes) -> bytes:
    """Return a model with its weights inside.

    From 256 KB on, the quantizer appends weights behind the model and notes their places. TensorFlow Lite
    Micro does not read such places: it would take empty memory for the weights, without a word.
    """
    if len(tflite) > LARGEST_BYTES:
        return tflite
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(tflite))
    for buffer in model.buffers:
        buffer.offset = buffer.size = 0
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
