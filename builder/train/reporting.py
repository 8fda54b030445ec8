"""What the loop tells about itself and whom it obeys: two small protocols, and the sums behind the curves."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from builder.runs.records import MetricRow

# Running values that are roots of means: their squares add up, they themselves do not.
ROOTS = ("root_mean_squared_error",)
# Running values that are no means over samples: they are told as they stand, over the epoch so far.
NO_MEANS = (
    *("precision", "recall", "f1_score", "micro_f1", "macro_f1", "auc", "r2_score"),
    *("mean_iou", "perplexity"),
)
ROUNDING = 1e-6


class Reporter(Protocol):
    """Takes in what a run tells. No method may block, because the loop waits for it."""

    def metrics(self, rows: Sequence[MetricRow]) -> None:
        """Take in values of steps or epochs."""

    def progress(self, values: Mapping[str, Any]) -> None:
        """Take in the parts of the run's progress that changed."""

    def event(self, kind: str, message: str) -> None:
        """Take in a note for the person."""

    def paused(self, is_paused: bool) -> None:
        """Take in that the run pauses, or goes on after a pause."""

    def tensors(self, sample: Mapping[str, Any]) -> None:
        """Take in a sample of weights and gradients; see ``builder.train.tensor_samples``."""

    def findings(self, found: list[dict[str, Any]]) -> None:
        """Take in everything that goes wrong now; see ``builder.train.findings``."""

    def flush(self) -> None:
        """Write what waits: a checkpoint is about to count it as told."""

    def goes_on_from(self, step: int, epochs: int) -> None:
        """Take in that the run goes on from a checkpoint, after a step and so many whole epochs.

        Values of later steps, and of epochs that will end again, are void.
        """


class Control(Protocol):
    """Tells what the person wants of the run."""

    def command(self) -> str | None:
        """Return "pause", "resume", "stop" or "interrupt", or None; at once."""

    def wait(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as the command changed."""


class Silent:
    """A reporter that drops everything and a control that never asks for anything."""

    def metrics(self, rows: Sequence[MetricRow]) -> None:
        """Drop the values."""

    def progress(self, values: Mapping[str, Any]) -> None:
        """Drop the values."""

    def event(self, kind: str, message: str) -> None:
        """Drop the note."""

    def paused(self, is_paused: bool) -> None:
        """Drop the note."""

    def tensors(self, sample: Mapping[str, Any]) -> None:
        """Drop the sample."""

    def findings(self, found: list[dict[str, Any]]) -> None:
        """Drop the findings."""

    def flush(self) -> None:
        """Keep nothing."""

    def goes_on_from(self, step: int, epochs: int) -> None:
        """Drop the note."""

    def command(self) -> str | None:
        """Return None."""
        return None

    def wait(self, seconds: float) -> None:
        """Return after so many seconds."""
        time.sleep(seconds)


class SinceLast:
    """Means over the samples since the last report, from means over all samples of the epoch."""

    def __init__(self) -> None:
        self._samples = 0
        self._totals: dict[str, float] = {}

    def take(self, running: Mapping[str, float], samples: int) -> dict[str, float]:
        """Return the means over the samples that came since the last call.

        Args:
            running: name -> mean over the first ``samples`` samples of the epoch.
            samples: how many samples that is.
        """
        means = {name: value for name, value in running.items() if not name.endswith(NO_MEANS)}
        totals = {name: _square(name, value) * samples for name, value in means.items()}
        new = max(samples - self._samples, 1)
        recent = {
            name: _root(name, _not_just_below_zero(total - self._totals.get(name, 0.0), total) / new)
            for name, total in totals.items()
        }
        self._samples, self._totals = samples, totals
        return {name: recent.get(name, value) for name, value in running.items()}


def _not_just_below_zero(difference: float, total: float) -> float:
    """Return a difference of two rounded sums, or 0 where it is below only by rounding."""
    return max(difference, 0.0) if difference > -ROUNDING * abs(total) else difference


def _square(name: str, value: float) -> float:
    return value * value if name.endswith(ROOTS) else value


def _root(name: str, value: float) -> float:
    return max(value, 0.0) ** 0.5 if name.endswith(ROOTS) else value
