"""What a run remembers from one moment to the next, and over an interruption."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from builder.train.early_stopping import BestEpoch
from builder.train.plateau import Plateau


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

    ``plateau`` lowers the learning rate, where that is wanted. ``last`` holds the values of the epoch that
    ended last, ``last_loss`` the loss that was reported last. ``batch`` holds batch size and
    accumulation steps, ``history`` the values of every epoch.
    ``last`` holds the values of the epoch that ended last, ``last_loss`` the loss that was reported last.
    ``jit_compile`` tells whether XLA compiles the steps; it is settled once, because XLA rounds and draws
    random numbers in its own way.
    """

    best: BestEpoch
    position: Position = field(default_factory=Position)
    best_weights: list[np.ndarray] | None = None
    last: dict[str, float] = field(default_factory=dict)
    last_loss: float | None = None
    plateau: Plateau | None = None
    batch: dict[str, int] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    jit_compile: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Return everything but the weights as JSON-ready data."""
        return {
            "position": asdict(self.position),
            "best": self.best.to_json(),
            "last": self.last,
            "last_loss": self.last_loss,
            "batch": self.batch,
            "history": self.history,
            "plateau": None if self.plateau is None else self.plateau.to_json(),
            "jit_compile": self.jit_compile,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a state from ``to_json``; the weights stay as they are."""
        self.position = Position(**state["position"])
        self.best.restore(state["best"])
        self.last, self.last_loss = state["last"], state["last_loss"]
        self.history = list(state["history"])
        if self.plateau is not None and state["plateau"] is not None:
            self.plateau.restore(state["plateau"])
        # Runs were never compiled before this was kept.
        self.jit_compile = state.get("jit_compile", False)
