"""TensorFlow SavedModels: one to serve batches, one at batch 1 for the TFLite converter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

OUTPUT = "output"


def output_names(count: int) -> list[str]:
    """Return what the outputs of an export are called: "output", "output_2" and so on."""
    return [OUTPUT, *(f"{OUTPUT}_{number}" for number in range(2, count + 1))]


def write_saved_model(end_to_end: keras.Model, model: keras.Model, folder: Path) -> None:
    """Write a SavedModel with two endpoints for batches of any size.

    Args:
        end_to_end: the model that takes raw inputs, strings included: endpoint ``serve``.
        model: the trained model, which takes numeric arrays: endpoint ``serve_prepared``.
        folder: where to write.

    Reference:
        https://keras.io/api/models/model_saving_apis/export/
    """
    archive = keras.export.ExportArchive()
    archive.track(end_to_end)
    archive.track(model)
    _add(archive, "serve", end_to_end, None)
    _add(archive, "serve_prepared", model, None)
    archive.write_out(str(folder), verbose=False)


def write_fixed_batch(model: keras.Model, folder: Path, batch: int | None = 1) -> None:
    """Write a SavedModel that takes exactly ``batch`` samples a call, one by default, None for any number.

    Recurrent layers convert to plain TFLite operators only where the batch size is known.
    """
    archive = keras.export.ExportArchive()
    archive.track(model)
    _add(archive, "serve", model, batch)
    archive.write_out(str(folder), verbose=False)


def answering(model: keras.Model, batch: int | None) -> tuple[Any, dict[str, tf.TensorSpec]]:
    """Return a function from a dictionary of a model's inputs to one of its outputs, and its signature.

    Args:
        model: the model.
        batch: the number of samples a call; None for any.
    """
    signature = {
        tensor.name: tf.TensorSpec((batch, *tensor.shape[1:]), tensor.dtype, name=tensor.name)
        for tensor in model.inputs
    }

    def endpoint(inputs: dict[str, Any]) -> dict[str, Any]:
        arranged = keras.tree.map_structure(lambda tensor: inputs[tensor.name], model.input)
        answers = keras.tree.flatten(model(arranged, training=False))
        return dict(zip(output_names(len(answers)), answers, strict=True))

    return endpoint, signature


def _add(archive: Any, name: str, model: keras.Model, batch: int | None) -> None:
    endpoint, signature = answering(model, batch)
    archive.add_endpoint(name, endpoint, input_signature=[signature])
