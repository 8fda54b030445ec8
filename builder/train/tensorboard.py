"""Event files that TensorBoard opens, written beside the database by the training process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from builder.runs.records import MetricRow

TENSORBOARD_FOLDER = "tensorboard"
TRAINING, VALIDATION = "train", "validation"
_PREFIX = "val_"


class EventFiles:
    """Writes values and histograms of one run, training and validation apart, as TensorBoard lays them over.

    Scalars of epochs are named ``epoch_loss`` and so on, those of steps ``step_loss``; the file is written
    to the disk at every epoch's end.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / TENSORBOARD_FOLDER
        self._writers: dict[str, Any] = {}

    def metrics(self, rows: Sequence[MetricRow]) -> None:
        """Write values of steps or epochs."""
        for row in rows:
            held_out = row.name.startswith(_PREFIX)
            writer = self._writer(VALIDATION if held_out else TRAINING)
            with writer.as_default():
                _write_scalar(f"{row.scope}_{row.name.removeprefix(_PREFIX)}", row.value, row.step)
        if any(row.scope == "epoch" for row in rows):
            self.flush()

    def tensors(self, sample: Mapping[str, Any]) -> None:
        """Write the histograms of a sample of ``builder.train.tensor_samples``."""
        with self._writer(TRAINING).as_default():
            for layer, facts in sample["layers"].items():
                for kind in ("weights", "gradients"):
                    _write_histogram(f"{layer}/{kind}", facts[kind], sample["step"])

    def flush(self) -> None:
        """Write everything to the disk."""
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        """Write everything and close the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _writer(self, part: str) -> Any:
        if part not in self._writers:
            self._writers[part] = tf.summary.create_file_writer(str(self._folder / part))
        return self._writers[part]


def _write_scalar(name: str, value: float, step: int) -> None:
    # tf.summary.scalar wants the tensorboard package, which is needed for looking only.
    tf.summary.write(name, tf.constant(value, tf.float32), step=step, metadata=_metadata("scalars"))


def _metadata(plugin: str) -> Any:
    data = tf.compat.v1.SummaryMetadata.PluginData(plugin_name=plugin)
    return tf.compat.v1.SummaryMetadata(plugin_data=data)


def _write_histogram(name: str, histogram: Mapping[str, Any], step: int) -> None:
    """Write counted bins as they are, in the form of TensorBoard's histogram plugin."""
    edges, counts = np.asarray(histogram["edges"]), np.asarray(histogram["counts"], np.float64)
    bins = np.stack([edges[:-1], edges[1:], counts], axis=1)
    tf.summary.write(name, tf.constant(bins, tf.float64), step=step, metadata=_metadata("histograms"))
