"""Table columns as numbers: means for the gaps, and one index for every known category."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from builder.data.columns import MISSING, ColumnFacts
from builder.data.spec import TABLE_INPUT, ArraySpec, ModelInput
from builder.errors import Problem, stop

MAXIMUM_CATEGORIES = 200


def fit_table(
    frame: pd.DataFrame,
    facts: Mapping[str, ColumnFacts],
    numeric: Sequence[str],
    categorical: Sequence[str],
    train: np.ndarray,
    normalize: bool,
) -> ModelInput:
    """Return the table input with means, variances and categories of the training rows ``train``."""
    means, variances = [], []
    for name in numeric:
        mean, variance = _moments(facts[name].numbers[train])
        means.append(mean)
        variances.append(variance)
    categories = {name: _categories(name, frame[name].to_numpy(dtype=object)[train]) for name in categorical}
    arrays = []
    if numeric:
        arrays.append(ArraySpec("numeric", (len(numeric),), "float32"))
    if categorical:
        arrays.append(ArraySpec("categorical", (len(categorical),), "int32"))
    settings: dict[str, Any] = {
        "numeric_columns": list(numeric),
        "means": means,
        "variances": variances,
        "normalize": normalize,
        "categorical_columns": list(categorical),
        "categories": categories,
        "offsets": _offsets(categories),
    }
    return ModelInput(TABLE_INPUT, "table", tuple(arrays), settings)


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


def category_problems(frame: pd.DataFrame, roles: Mapping[str, str]) -> list[Problem]:
    """Return warnings about categorical columns with more values than are kept."""
    problems = []
    for name, role in roles.items():
        distinct = int(frame[name].nunique()) if role == "categorical" else 0
        if distinct > MAXIMUM_CATEGORIES:
            message = (
                f"The column '{name}' has {distinct:,} different values. The {MAXIMUM_CATEGORIES} most "
                "frequent ones "
                "are kept; the rest count as 'other'."
            )
            problems.append(Problem("many_categories", message, field=name, severity="warning"))
    return problems


def _moments(values: np.ndarray) -> tuple[float, float]:
    present = values[np.isfinite(values)]
    if not len(present):
        return 0.0, 1.0
    variance = float(present.var())
    # A column that never changes in training would be divided by zero.
    return float(present.mean()), variance if variance > 0 else 1.0


def _categories(name: str, values: np.ndarray) -> list[str]:
    counts = Counter(value for value in values if value.lower() not in MISSING)
    if not counts:
        message = f"The column '{name}' is empty in all training rows. Give it the role ignore."
        raise stop("empty_column", message, field=name)
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    return sorted(ordered[:MAXIMUM_CATEGORIES])


def _offsets(categories: Mapping[str, Sequence[str]]) -> dict[str, int]:
    offsets, following = {}, 0
    for name, values in categories.items():
        offsets[name] = following
        following += len(values) + 1
    return offsets
