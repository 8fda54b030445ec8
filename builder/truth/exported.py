"""An exported file in the place of the Keras model that it was made from, so that it is scored likewise."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from builder.export.runtimes import Call


class ExportedModel:
    """One output of an exported file, with the Keras model's description of inputs and outputs.

    Args:
        model: the Keras model with this output alone, from ``builder.outputs.each_output``.
        call: the file's runtime, which takes one sample.
        number: which of the file's outputs it is.
    """

    def __init__(self, model: keras.Model, call: Call, number: int) -> None:
        self.input, self.inputs, self.outputs = model.input, model.inputs, model.outputs
        self._call, self._number = call, number

    def predict_on_batch(self, inputs: Any) -> np.ndarray:
        """Return the answers to a batch, sample by sample."""
        arrays = {
            tensor.name: np.asarray(values)
            for tensor, values in zip(self.inputs, keras.tree.flatten(inputs), strict=True)
        }
        count = len(next(iter(arrays.values())))
        # A runtime may write its next answer into the same memory.
        return np.concatenate(
            [
                self._call({name: values[[place]] for name, values in arrays.items()})[self._number].copy()
                for place in range(count)
            ]
        )
