"""A table's values as the numbers that enter a model. Needs NumPy alone, so that a server can carry it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# What people write for a missing value, in lower case.
MISSING = ("", "?", "na", "n/a", "#n/a", "nan", "null", "<na>")
# What stands for a missing number besides; in a column of words it may be a word.
NO_NUMBER = (
    "-",
    "--",
    "---",
    "–",
    "—",
    ".",
    "*",
    "none",
    "nil",
    "n.a.",
    "unknown",
    "missing",
    "无",
    "未知",
    "暂无",
)


def encode_numeric(columns: Sequence[np.ndarray], means: Sequence[float]) -> np.ndarray:
    """Return float32, shape (rows, columns); NaN becomes the column's mean."""
    filled = [np.where(np.isnan(values), mean, values) for values, mean in zip(columns, means, strict=True)]
    return np.stack(filled, axis=1).astype(np.float32)


def encode_categorical(columns: Mapping[str, Sequence[Any]], settings: Mapping[str, Any]) -> np.ndarray:
    """Return global indices, int32, shape (rows, columns); unknown and missing become "other"."""
    encoded = []
    for name in settings["categorical_columns"]:
        offset = settings["offsets"][name]
        index = {value: offset + 1 + place for place, value in enumerate(settings["categories"][name])}
        encoded.append(np.array([index.get(value, offset) for value in columns[name]], dtype=np.int32))
    return np.stack(encoded, axis=1)
