"""The column to predict: class indices or real numbers, and the rows that have one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from builder.data.columns import ColumnFacts
from builder.data.naming import natural_key
from builder.errors import Problem, stop

MAXIMUM_CLASSES = 1_000
# More classes than this, and most rows with a class of their own, is no classification.
_MANY_CLASSES = 50


@dataclass(frozen=True)
class Targets:
    """The values to predict, for the kept rows only.

    ``kept`` holds the positions of the rows that have a target; ``values`` is int32 class indices
    or float32 numbers in the target's own unit, shape (len(kept),).
    """

    values: np.ndarray
    kept: np.ndarray
    class_names: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def classes(self) -> np.ndarray | None:
        """The class indices, or None for regression."""
        return self.values if self.class_names else None


def read_targets(task: str, cells: pd.Series, facts: ColumnFacts) -> Targets:
    """Return the target column of a table; rows without a target are left out with a warning.

    Raises:
        BuilderError: where no target is there, where all are equal, or where the classes are too many.
    """
    usable = np.isfinite(facts.numbers) if task == "regression" else ~facts.missing
    kept = np.flatnonzero(usable)
    if not len(kept):
        message = f"The target column '{facts.name}' is empty in every row. Choose another target."
        raise stop("no_target_values", message, field=facts.name)
    problems = _left_out(facts.name, len(cells) - len(kept))
    if task == "regression":
        values = facts.numbers[kept].astype(np.float32)
        check_varies(facts.name, values)
        return Targets(values, kept, problems=problems)
    words = _class_words(cells, facts)[kept]
    class_names = tuple(sorted(set(words), key=natural_key))
    check_classes(class_names, len(kept), f"The target column '{facts.name}'", facts.name)
    index = {name: number for number, name in enumerate(class_names)}
    values = np.fromiter((index[word] for word in words), dtype=np.int32, count=len(words))
    return Targets(values, kept, class_names, problems)


def check_classes(class_names: Sequence[str], rows: int, owner: str, field: str) -> None:
    """Check that the classes are at least two and not nearly as many as the rows.

    Raises:
        BuilderError: where they are not; ``owner`` begins the message.
    """
    if len(class_names) < 2:
        message = (
            f"{owner} has one class only ('{class_names[0]}'); there is nothing to tell apart. Choose data "
            "with at "
            "least two classes."
        )
        raise stop("one_class", message, field=field)
    if len(class_names) > MAXIMUM_CLASSES or (
        len(class_names) > _MANY_CLASSES and len(class_names) > rows / 2
    ):
        message = (
            f"{owner} has {len(class_names):,} different values in {rows:,} rows, too many for classes. "
            "Choose "
            "another target, or the task regression if the values are amounts."
        )
        raise stop("too_many_classes", message, field=field)


def check_varies(name: str, values: np.ndarray) -> None:
    """Check that a regression target is not the same number in every row.

    Raises:
        BuilderError: where it is.
    """
    if values.min() == values.max():
        message = (
            f"The target column '{name}' is {values[0]:g} in every row; there is nothing to predict. Choose "
            "another target."
        )
        raise stop("constant_target", message, field=name)


def _class_words(cells: pd.Series, facts: ColumnFacts) -> np.ndarray:
    """Write whole numbers alike, so that 1 and 1.0 are one class."""
    words = cells.to_numpy(dtype=object).copy()
    whole = (
        np.isfinite(facts.numbers)
        & (facts.numbers == np.round(facts.numbers))
        & (np.abs(facts.numbers) < 1e15)
    )
    if not facts.strays.any():
        words[whole] = [f"{number:.0f}" for number in facts.numbers[whole]]
    return words


def _left_out(name: str, count: int) -> tuple[Problem, ...]:
    if not count:
        return ()
    message = f"{count:,} row(s) have no usable value in the target column '{name}' and were left out."
    return (Problem("target_missing", message, field=name, severity="warning"),)
