"""Quantized TFLite files whose weights lie inside the model itself, where every runtime finds them."""

from __future__ import annotations

from builder.export.flatbuffer_model import opened_model, written_model

# Larger ones fit no microcontroller.
LARGEST_BYTES = 16_000_000


def self_contained(tflite: bytes) -> bytes:
    """Return a model with its weights inside.

    From 256 KB on, the quantizer appends weights behind the model and notes their places. TensorFlow Lite
    Micro does not read such places: it would take empty memory for the weights, without a word.
    """
    if len(tflite) > LARGEST_BYTES:
        return tflite
    model = opened_model(tflite)
    for buffer in model.buffers:
        buffer.offset = buffer.size = 0
    return written_model(model)
