"""Which samples of the prepared data a run sees, in which batches and with which weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from builder.data.augmentation import augmentation, mixes_samples
from builder.data.block_order import BlockOrder
from builder.data.hiding import hide_anew
from builder.data.pipeline import batches, epoch_order, in_turn
from builder.data.prepare import Prepared
from builder.data.resampling import RESAMPLED_TASKS, resampled_order, resampled_rows
from builder.data.spec import IGNORED
from builder.train.missing_inputs import missing_inputs
from builder.train.run_state import Position
from builder.training_plan.class_weights import balanced_class_weights


class TrainingData:
    """The batches of a run; those of training follow from the seed and a position alone.

    ``rows`` counts the samples of each part; of training those of an epoch, which resampling changes.
    ``is_mixed`` tells whether training targets are shares of the classes, as MixUp and CutMix give them.

    Args:
        prepared: the data.
        settings: the project's training settings, defaults filled in.
    """

    def __init__(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        self.prepared = prepared
        self.rows = {part: len(rows) for part, rows in prepared.indices.items()}
        self._resampling = settings["resampling"]
        self._classes = _training_classes(prepared) if self._resampling != "none" else None
        if self._classes is not None:
            self.rows["train"] = resampled_rows(self._classes, self._resampling)
        self.steps_per_epoch = math.ceil(self.rows["train"] / settings["batch_size"])
        self._seed, self._batch_size = settings["seed"], settings["batch_size"]
        self._class_weights = None if self._classes is not None else _class_weights(prepared, settings)
        change = in_turn(
            augmentation(prepared.augmentation, prepared.spec),
            missing_inputs(prepared.spec, settings["missing_inputs"]),
            hide_anew(prepared.spec),
        )
        # Every epoch asks for new batches; the change is traced once for all of them.
        self._change = None if change is None else tf.function(change, autograph=False)
        self.is_mixed = mixes_samples(prepared.augmentation, prepared.spec)

    def steps(self, part: str) -> int:
        """Return the number of batches of a part."""
        return math.ceil(self.rows[part] / self._batch_size)

    def training_batches(self, position: Position) -> Any:
        """Return an iterator over the batches that are left of the epoch at a position."""
        return iter(
            batches(
                self.prepared,
                "train",
                self._batch_size,
                self._order(position.epoch),
                position.step,
                self._class_weights,
                self._change,
                (self._seed, position.epoch),
            )
        )

    def evaluation_batches(self, part: str) -> Any:
        """Return an iterator over the batches of a part, in the rows' own order."""
        return iter(batches(self.prepared, part, self._batch_size))

    def epoch_samples(self, position: Position) -> int:
        """Return how many samples of its epoch lie before a position."""
        return min(position.step * self._batch_size, self.rows["train"])

    def samples_done(self, position: Position) -> int:
        """Return how many samples of the run lie before a position."""
        return position.epoch * self.rows["train"] + self.epoch_samples(position)

    def _order(self, epoch: int) -> np.ndarray | BlockOrder:
        if self._classes is None:
            return epoch_order(self.prepared, "train", self._seed, epoch)
        return resampled_order(self._classes, self._resampling, self._seed, epoch)


def _training_classes(prepared: Prepared) -> np.ndarray | None:
    if prepared.spec.task not in RESAMPLED_TASKS:
        return None
    return np.asarray(prepared.targets[prepared.indices["train"]])


def _class_weights(prepared: Prepared, settings: Mapping[str, Any]) -> np.ndarray | None:
    spec = prepared.spec
    is_of_classes = spec.task in RESAMPLED_TASKS or spec.has_places
    if not is_of_classes or settings["class_weights"] != "balanced":
        return None
    targets = np.asarray(prepared.targets[prepared.indices["train"]])
    targets = targets[targets != IGNORED]
    return balanced_class_weights(targets, prepared.spec.class_count)
