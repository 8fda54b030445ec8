"""Some rows in the place of all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def spread(count: int, most: int) -> list[int]:
    """Return at most so many of the numbers from 0 to below ``count``, evenly spread, in ascending order."""
    return np.unique(np.linspace(0, count - 1, most).astype(int)).tolist() if count else []


def some_of(rows: Sequence[int] | np.ndarray, most: int, seed: int = 1) -> np.ndarray:
    """Return rows in ascending order: all of them, or so many that chance picks.

    The first ones would not do: where the data lie class by class, they are all of one class.
    """
    known = np.asarray(rows)
    if len(known) <= most:
        return np.sort(known)
    return np.sort(np.random.default_rng(seed).choice(known, most, replace=False))
