"""Series in class order: arrays of steps and channels with a class each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from builder.errors import Problem


@dataclass(frozen=True)
class SeriesSource:
    """Series of one shape: ``read(row)`` returns float32, (steps, channels); ``labels`` classes."""

    title: str
    names: Sequence[str]
    labels: np.ndarray
    class_names: tuple[str, ...]
    shape: tuple[int, int]
    read: Callable[[int], np.ndarray]
    files: tuple[Path, ...]
    is_test: np.ndarray | None = None
    problems: tuple[Problem, ...] = ()
