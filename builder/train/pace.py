"""How long a step takes: several calls over real batches, one after the other."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from builder.train.steps import Steps
from builder.train.training_data import TrainingData

FEWEST_CALLS, MOST_CALLS = 5, 60


@dataclass(frozen=True)
class StepPace:
    """Seconds a step of several calls, the number of their steps, and whether the loss stayed finite."""

    seconds: list[float]
    steps: int
    finite: bool

    @property
    def median(self) -> float:
        """The seconds a step of the middle call, 0 where there was none."""
        return statistics.median(self.seconds) if self.seconds else 0.0

    @property
    def quarters(self) -> tuple[float, float]:
        """The seconds a step that a quarter of the calls stayed below, and that a quarter exceeded."""
        if len(self.seconds) < 2:
            return (self.seconds[0], self.seconds[0]) if self.seconds else (0.0, 0.0)
        low, _, high = statistics.quantiles(self.seconds, n=4)
        return low, high


def step_pace(
    steps: Steps,
    data: TrainingData,
    batches: Callable[[], Any],
    part: str,
    seconds: float,
    finite: bool = True,
    fewest_calls: int = FEWEST_CALLS,
) -> StepPace:
    """Run calls of several steps until the time is over, going through the part again where it ends.

    Args:
        steps: runs the steps; its first call, which traces, should lie behind.
        data: the run's data.
        batches: returns an iterator over the batches of the part.
        part: "train", "validation" or "test".
        seconds: how long to go on.
        finite: whether the loss is finite so far; nothing is run where it is not.
        fewest_calls: how many calls are made even if the time is over.
    """
    found: list[float] = []
    count, left, iterator = 0, 0, None
    deadline = time.perf_counter() + seconds
    while finite and len(found) < MOST_CALLS:
        if len(found) >= fewest_calls and time.perf_counter() > deadline:
            break
        if left == 0:
            left, iterator = data.steps(part), batches()
        began = time.perf_counter()
        done, finite = steps.run(iterator, left)
        found.append((time.perf_counter() - began) / max(done, 1))
        count, left = count + done, left - done
    return StepPace(found, count, finite)
