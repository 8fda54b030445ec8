"""A float32 TFLite model from a Keras model, with builtin operators only."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from builder.export.saved_model import write_fixed_batch

# TensorFlow's default signature; the runtime finds it without being told a name.
SIGNATURE = "serving_default"


def float32(model: keras.Model, batch: int | None = 1) -> bytes:
    """Return the model as a TFLite file's bytes, inputs named as in the model.

    Args:
        model: the trained model, which takes numeric arrays.
        batch: samples a call; None for any number, which recurrent layers refuse.

    Raises:
        Exception: whatever the converter says; ``builder.export.trouble`` puts it in plain words.

    Reference:
        https://ai.google.dev/edge/litert/conversion/tensorflow/overview
    """
    with tempfile.TemporaryDirectory() as folder:
        write_fixed_batch(with_builtin_encoding(model), Path(folder), batch)
        return builtin_converter(Path(folder), [SIGNATURE]).convert()


def builtin_converter(folder: Path, signatures: list[str]) -> Any:
    """Return the converter of a SavedModel that refuses what TFLite's builtin operators cannot do."""
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=signatures)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    return converter


def with_builtin_encoding(model: keras.Model) -> keras.Model:
    """Return the model, same weights, with multi-hot encoding spelled in operators that TFLite has.

    Keras counts categories with an operator that TFLite lacks; the largest of the one-hot vectors is
    the same numbers.
    """
    if not any(_is_multi_hot(layer) for layer in model.layers):
        return model
    return keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=_call)


def _call(layer: Any, *arguments: Any, **keywords: Any) -> Any:
    if _is_multi_hot(layer):
        return keras.ops.max(keras.ops.one_hot(arguments[0], layer.num_tokens), axis=-2)
    return layer(*arguments, **keywords)


def _is_multi_hot(layer: Any) -> bool:
    return isinstance(layer, keras.layers.CategoryEncoding) and layer.output_mode == "multi_hot"
