"""Clocks of a run that stand still while it is paused."""

from __future__ import annotations

import time


class Stopwatch:
    """Seconds of training between two readings, pauses left out."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last call, or since the beginning."""
        now = time.perf_counter()
        seconds, self._began = now - self._began, now
        return seconds

    def leave_out(self, seconds: float) -> None:
        """Take a pause out of the count."""
        self._began += seconds


class Pace:
    """Samples a second and seconds left, pauses left out.

    It counts from the first call of ``values``, because the first step also compiles.
    """

    def __init__(self, samples_total: int) -> None:
        self._total = samples_total
        self._first: tuple[float, int] | None = None
        self._recent = (0.0, 0)
        self._rate = 0.0

    def leave_out(self, seconds: float) -> None:
        """Take a pause out of the count."""
        self._recent = (self._recent[0] + seconds, self._recent[1])
        if self._first is not None:
            self._first = (self._first[0] + seconds, self._first[1])

    def values(self, samples_done: int) -> dict[str, float]:
        """Return "samples_per_second" of late, and "seconds_left" if no early stop comes."""
        now = time.perf_counter()
        if self._first is None:
            self._first = self._recent = (now, samples_done)
            return {}
        rate = (samples_done - self._recent[1]) / max(now - self._recent[0], 1e-6)
        self._rate = 0.7 * self._rate + 0.3 * rate if self._rate else rate
        self._recent = (now, samples_done)
        overall = (samples_done - self._first[1]) / max(now - self._first[0], 1e-6)
        left = (self._total - samples_done) / max(overall, 1e-6)
        return {"samples_per_second": round(self._rate, 1), "seconds_left": round(left, 1)}
