"""The int8 TFLite model of a quantization-aware run, in the ranges that were trained."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import keras
import tensorflow as tf

from builder.compress.quantization_aware import RANGES_FILE, rounded_model, set_ranges
from builder.export.saved_model import write_fixed_batch
from builder.export.tflite import SIGNATURE, builtin_converter

NOTE = "In the ranges of the quantization-aware training."


def trained_ranges(model_file: Path) -> dict[str, list[float]] | None:
    """Return the ranges beside a run's model; None where it was not trained for 8 bits."""
    file = model_file.with_name(RANGES_FILE)
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def trained_int8(model: keras.Model, ranges: Mapping[str, list[float]]) -> bytes:
    """Return the int8 TFLite model of a plain model and its trained ranges; inputs and outputs are floats.

    Args:
        model: the model that a quantization-aware run has kept.
        ranges: from ``trained_ranges``.

    Reference:
        Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
        Inference (2018), section 3.
    """
    rounded, _ = rounded_model(model, 0.0)
    set_ranges(rounded, ranges)
    with tempfile.TemporaryDirectory() as folder:
        write_fixed_batch(rounded, Path(folder))
        converter = builtin_converter(Path(folder), [SIGNATURE])
        # Without a representative data set: the ranges in the graph are taken.
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        return converter.convert()
