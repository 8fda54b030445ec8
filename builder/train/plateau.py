"""A learning rate that is lowered where the watched value no longer improves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from builder.train.early_stopping import BestEpoch


@dataclass
class Plateau:
    """Watches the epochs of a run and lowers its learning rate.

    The learning rate itself is a variable of the optimizer, which a checkpoint holds.
    """

    watched: BestEpoch
    factor: float
    minimum: float

    def update(self, epoch: int, value: float, optimizer: keras.optimizers.Optimizer) -> float | None:
        """Take in an epoch's watched value; return the new learning rate where it was lowered."""
        self.watched.update(epoch, value, {})
        if not self.watched.exhausted:
            return None
        self.watched.waited = 0
        before = float(optimizer.learning_rate)
        after = max(before * self.factor, self.minimum)
        if after >= before:
            return None
        optimizer.learning_rate = after
        return after

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-ready data."""
        return self.watched.to_json()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a state from ``to_json``."""
        self.watched.restore(state)


def plateau_of(settings: Mapping[str, Any], higher_is_better: bool) -> Plateau | None:
    """Return what lowers the learning rate of a run on a plateau; None where its schedule is another."""
    if settings["schedule"] != "plateau":
        return None
    watched = BestEpoch(settings["plateau_patience"], higher_is_better)
    return Plateau(watched, settings["plateau_factor"], settings["minimum_learning_rate"])
