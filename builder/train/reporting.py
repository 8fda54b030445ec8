"""What the loop tells about itself and whom it obeys: two small protocols, and the sums behind the curves."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from builder.runs.records import MetricRow

# Running values that are roots of means: their squares add up, they themselves do not.
ROOTS = ("root_mean_squared_error",)


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

    def goes_on_from(self, step: int) -> None:
        """Take in that the run goes on from a checkpoint, so that values of later steps are void."""


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

    def goes_on_from(self, step: int) -> None:
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
        totals = {name: _square(name, value) * samples for name, value in running.items()}
        new = max(samples - self._samples, 1)
        means = {name: (total - self._totals.get(name, 0.0)) / new for name, total in totals.items()}
        self._samples, self._totals = samples, totals
        # The difference of two rounded sums may fall just below zero; no loss or metric here can.
        return {name: _root(name, max(mean, 0.0)) for name, mean in means.items()}


def _square(name: str, value: float) -> float:
    return value * value if name in ROOTS else value


def _root(name: str, value: float) -> float:
    return value**0.5 if name in ROOTS else value
