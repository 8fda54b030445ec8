"""What a run remembers from one moment to the next, and over an interruption."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from builder.train.early_stopping import BestEpoch


@dataclass
class Position:
    """How far a run is: finished epochs, steps in the epoch that goes on, steps in all, seconds in all."""

    epoch: int = 0
    step: int = 0
    global_step: int = 0
    seconds: float = 0.0

    def advance(self, steps: int) -> None:
        """Count steps that were done."""
        self.step += steps
        self.global_step += steps

    def end_epoch(self) -> None:
        """Count the epoch that goes on as finished."""
        self.epoch, self.step = self.epoch + 1, 0


@dataclass
class RunState:
    """Position, best epoch and latest values of a run.

    ``last`` holds the values of the epoch that ended last, ``last_loss`` the loss that was reported last.
    """

    best: BestEpoch
    position: Position = field(default_factory=Position)
    best_weights: list[np.ndarray] | None = None
    last: dict[str, float] = field(default_factory=dict)
    last_loss: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return everything but the weights as JSON-ready data."""
        return {
            "position": asdict(self.position),
            "best": self.best.to_json(),
            "last": self.last,
            "last_loss": self.last_loss,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a state from ``to_json``; the weights stay as they are."""
        self.position = Position(**state["position"])
        self.best.restore(state["best"])
        self.last, self.last_loss = state["last"], state["last_loss"]
