"""Counts and moments of values that pass by piece by piece, with bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

# A column or a text with more different words is not counted exactly: its rarest are forgotten on the way.
MOST_COUNTED = 500_000


class WordCounter:
    """Counts words; where they are very many, rare ones are dropped, so that the memory stays bounded."""

    def __init__(self, most: int = MOST_COUNTED) -> None:
        self.counts: Counter[str] = Counter()
        self._most = most

    def add(self, words: Iterable[str] | Mapping[str, int]) -> None:
        """Count words, or add counts of words."""
        self.counts.update(words)
        if len(self.counts) > self._most:
            self.counts = Counter(dict(self.ordered()[: self._most // 2]))

    def ordered(self) -> list[tuple[str, int]]:
        """Return words and counts by falling count, words of equal count in alphabetical order."""
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))


# Far above the rounding of a sum of 64-bit floats, far below what any measurement resolves.
_ROUNDING = 1e-12


class Moments:
    """Mean and variance of numbers; NaN is left out.

    Reference: Chan, Golub, LeVeque (1983), Algorithms for computing the sample variance.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self._squares = 0.0

    def add(self, values: np.ndarray) -> None:
        """Take in some numbers."""
        present = values[np.isfinite(values)].astype(np.float64)
        if not len(present):
            return
        mean, count = float(present.mean()), self.count + len(present)
        difference = mean - self.mean
        self._squares += float(((present - mean) ** 2).sum())
        self._squares += difference**2 * self.count * len(present) / count
        self.mean += difference * len(present) / count
        self.count = count

    @property
    def variance(self) -> float:
        """The variance over all numbers; 0 where there are none, or where they differ by rounding alone."""
        found = self._squares / self.count if self.count else 0.0
        return found if found > (_ROUNDING * self.mean) ** 2 else 0.0


class LengthCounter:
    """Counts lengths, so that their percentiles are known exactly."""

    def __init__(self) -> None:
        self._counts = np.zeros(1, dtype=np.int64)

    def add(self, lengths: Iterable[int]) -> None:
        """Count some lengths."""
        found = np.bincount(np.fromiter(lengths, dtype=np.int64), minlength=1)
        total = np.zeros(max(len(found), len(self._counts)), dtype=np.int64)
        total[: len(self._counts)] += self._counts
        total[: len(found)] += found
        self._counts = total

    def percentile(self, share: float) -> float:
        """Return the length that ``share`` of 100 do not exceed, interpolated as NumPy does; 0 for none."""
        total = int(self._counts.sum())
        if not total:
            return 0.0
        place = (total - 1) * share / 100
        cumulative = np.cumsum(self._counts)
        lower, upper = np.searchsorted(cumulative, [int(place), int(np.ceil(place))], side="right")
        return float(lower + (upper - lower) * (place - int(place)))
