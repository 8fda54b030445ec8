"""Which epoch was the best so far, and whether it is time to end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class BestEpoch:
    """The best epoch by the watched value, the lowest being the best or, where so declared, the highest.

    ``patience`` is the number of epochs without improvement after which a run ends, or None for never.
    ``epoch`` counts from 1; 0 stands for none yet.
    """

    patience: int | None
    higher_is_better: bool = False
    value: float = math.inf
    epoch: int = 0
    waited: int = 0
    metrics: dict[str, float] = field(default_factory=dict)

    def update(self, epoch: int, value: float, metrics: Mapping[str, float]) -> bool:
        """Take in an epoch's value and metrics; tell whether it is the best so far."""
        if self._is_better(value):
            self.value, self.epoch, self.waited, self.metrics = value, epoch, 0, dict(metrics)
            return True
        self.waited += 1
        return False

    def _is_better(self, value: float) -> bool:
        if not math.isfinite(self.value):
            return True
        return value > self.value if self.higher_is_better else value < self.value

    @property
    def exhausted(self) -> bool:
        """Whether the patience is used up."""
        return self.patience is not None and self.waited >= self.patience

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-ready data."""
        state = asdict(self)
        return {**state, "value": self.value if math.isfinite(self.value) else None}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a state from ``to_json``; the patience stays as it is set now."""
        self.value = math.inf if state["value"] is None else state["value"]
        self.epoch, self.waited, self.metrics = state["epoch"], state["waited"], dict(state["metrics"])
