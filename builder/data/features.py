"""Table columns as numbers: means for the gaps, and one index for every known category."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from builder.data.columns import present_cells
from builder.data.counting import Moments, WordCounter
from builder.data.spec import TABLE_INPUT, ArraySpec, ModelInput
from builder.errors import Problem, stop

MAXIMUM_CATEGORIES = 200


class TableFitter:
    """Learns means, variances and categories from the training rows, which pass by piece by piece.

    ``distinct`` counts the different values of every categorical column, over all rows.
    """

    def __init__(self, numeric: Sequence[str], categorical: Sequence[str]) -> None:
        self._moments = {name: Moments() for name in numeric}
        self._counters = {name: WordCounter() for name in categorical}
        self._seen: dict[str, WordCounter] = {name: WordCounter() for name in categorical}

    @property
    def distinct(self) -> dict[str, int]:
        """The number of different values of every categorical column."""
        return {name: len(counter.counts) for name, counter in self._seen.items()}

    def add(self, columns: Mapping[str, np.ndarray], is_train: np.ndarray) -> None:
        """Take in some rows; only those marked as training rows are learned from."""
        for name, moments in self._moments.items():
            moments.add(columns[name][is_train])
        for name, counter in self._counters.items():
            values = pd.Series(columns[name])
            self._seen[name].add(values.value_counts().to_dict())
            counter.add(values[is_train].value_counts().to_dict())

    def finish(self, normalize: bool) -> ModelInput:
        """Return the table input.

        Raises:
            BuilderError: where a categorical column is empty in all training rows.
        """
        categories = {name: _categories(name, counter) for name, counter in self._counters.items()}
        arrays = []
        if self._moments:
            arrays.append(ArraySpec("numeric", (len(self._moments),), "float32"))
        if categories:
            arrays.append(ArraySpec("categorical", (len(categories),), "int32"))
        # A column that never changes in training would be divided by zero.
        variances = [moments.variance or 1.0 for moments in self._moments.values()]
        settings: dict[str, Any] = {
            "numeric_columns": list(self._moments),
            "means": [moments.mean for moments in self._moments.values()],
            "variances": variances,
            "normalize": normalize,
            "categorical_columns": list(categories),
            "categories": categories,
            "offsets": _offsets(categories),
        }
        return ModelInput(TABLE_INPUT, "table", tuple(arrays), settings)


def category_problems(frame: pd.DataFrame, roles: Mapping[str, str]) -> list[Problem]:
    """Return warnings about categorical columns with more values than are kept."""
    counts = {
        name: int(present_cells(frame[name]).nunique())
        for name, role in roles.items()
        if role == "categorical"
    }
    return [
        many_categories_problem(name, count) for name, count in counts.items() if count > MAXIMUM_CATEGORIES
    ]


def many_categories_problem(name: str, distinct: int) -> Problem:
    """Return the warning about a categorical column with more values than are kept."""
    message = (
        f"The column '{name}' has {distinct:,} different values. The {MAXIMUM_CATEGORIES} most frequent ones "
        "are kept; the rest count as 'other'."
    )
    return Problem("many_categories", message, field=name, severity="warning")


def _categories(name: str, counter: WordCounter) -> list[str]:
    if not counter.counts:
        message = f"The column '{name}' is empty in all training rows. Give it the role ignore."
        raise stop("empty_column", message, field=name)
    return sorted(word for word, _ in counter.ordered()[:MAXIMUM_CATEGORIES])


def _offsets(categories: Mapping[str, Sequence[str]]) -> dict[str, int]:
    offsets, following = {}, 0
    for name, values in categories.items():
        offsets[name] = following
        following += len(values) + 1
    return offsets
