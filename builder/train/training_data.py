"""Which samples of the prepared data a run sees, in which batches and with which weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from builder.data.pipeline import batches
from builder.data.prepare import Prepared
from builder.train.randomness import epoch_order
from builder.train.run_state import Position
from builder.training_plan.class_weights import balanced_class_weights


class TrainingData:
    """The batches of a run; those of training follow from the seed and a position alone.

    Args:
        prepared: the data.
        settings: the project's training settings, defaults filled in.
    """

    def __init__(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        self.prepared = prepared
        self.rows = {part: len(rows) for part, rows in prepared.indices.items()}
        self.steps_per_epoch = math.ceil(self.rows["train"] / settings["batch_size"])
        self._seed, self._batch_size = settings["seed"], settings["batch_size"]
        self._class_weights = _class_weights(prepared, settings)

    def steps(self, part: str) -> int:
        """Return the number of batches of a part."""
        return math.ceil(self.rows[part] / self._batch_size)

    def training_batches(self, position: Position) -> Any:
        """Return an iterator over the batches that are left of the epoch at a position."""
        order = epoch_order(self._seed, position.epoch, self.rows["train"])
        return iter(
            batches(self.prepared, "train", self._batch_size, order, position.step, self._class_weights)
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


def _class_weights(prepared: Prepared, settings: Mapping[str, Any]) -> np.ndarray | None:
    if prepared.spec.task != "classification" or settings["class_weights"] != "balanced":
        return None
    targets = np.asarray(prepared.targets[prepared.indices["train"]])
    return balanced_class_weights(targets, prepared.spec.class_count)
