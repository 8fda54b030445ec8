"""A TFLite file as an object that can be changed, and written again."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert.tools import flatbuffer_utils


def opened_model(tflite: bytes) -> Any:
    """Return a file's model as an object with the fields of the TFLite schema."""
    return flatbuffer_utils.read_model_from_bytearray(bytearray(tflite))


def written_model(model: Any) -> bytes:
    """Return the file of such an object."""
    for buffer in model.buffers:
        if buffer.data is not None:
            # Anything but an array is written byte by byte, which takes seconds for some megabytes.
            buffer.data = np.frombuffer(bytes(buffer.data), np.uint8)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
