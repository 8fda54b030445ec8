"""The column to predict: class indices or real numbers, and the rows that have one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from builder.data.columns import ColumnFacts, column_facts, is_missing
from builder.data.naming import in_natural_order
from builder.errors import BuilderError, Problem, stop
from builder.params import AUTO
from builder.tasks import TASKS

MAXIMUM_CLASSES = 1_000
# More classes than this, and most rows with a class of their own, is no classification.
_MANY_CLASSES = 50
# So many different words in a target end the reading.
_MOST_WORDS = 200_000
_SHOWN = 5


@dataclass(frozen=True)
class Targets:
    """The values to predict, for the kept rows only.

    ``kept`` holds the positions of the rows that have a target; ``values`` is int32 class indices
    or float32 numbers in the target's own unit, shape (len(kept),), or where any number of labels may be
    right float32 0 and 1, shape (len(kept), labels).
    """

    values: np.ndarray
    kept: np.ndarray
    class_names: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def classes(self) -> np.ndarray | None:
        """The class indices, or None where a row has not exactly one class."""
        return self.values if self.class_names and self.values.ndim == 1 else None

    def in_order(self, names: Sequence[str]) -> Targets:
        """Return the same targets with the classes in another order."""
        place = np.array([names.index(name) for name in self.class_names], dtype=np.int32)
        return replace(self, values=place[self.values], class_names=tuple(names))


def read_targets(task: str, cells: pd.Series, facts: ColumnFacts) -> Targets:
    """Return the target column of a table; rows without a target are left out with a warning.

    Raises:
        BuilderError: where no target is there, where all are equal, or where the classes are too many.
    """
    is_number = TASKS[task].predicts == "numbers"
    usable = np.isfinite(facts.numbers) if is_number else ~facts.missing
    kept = np.flatnonzero(usable)
    if not len(kept):
        raise no_target(facts.name)
    problems = left_out(facts.name, len(cells) - len(kept))
    if is_number:
        values = facts.numbers[kept].astype(np.float32)
        check_numbers(task, facts.name, values)
        return Targets(values, kept, problems=problems)
    words = _class_words(cells, facts)[kept]
    class_names = tuple(in_natural_order(set(words)))
    check_classes(class_names, len(kept), f"The target column '{facts.name}'", facts.name)
    problems += alike(class_names, facts.name)
    index = {name: number for number, name in enumerate(class_names)}
    values = np.fromiter((index[word] for word in words), dtype=np.int32, count=len(words))
    return Targets(values, kept, class_names, problems)


class TargetReader:
    """Reads a target column piece by piece; the classes are known when all of it has passed.

    Args:
        task: the task, which tells whether the values are classes or numbers.
        name: the column's name.
        decimal_comma: whether "1,0" is the number 1.
    """

    def __init__(self, task: str, name: str, decimal_comma: bool = False) -> None:
        self.name = name
        self._decimal_comma = decimal_comma
        self.task = task
        self._is_number = TASKS[task].predicts == "numbers"
        self._values: list[np.ndarray] = []
        self._codes: dict[str, int] = {}
        self._unusable = 0

    def usable(self, cells: pd.Series, numbers: np.ndarray) -> np.ndarray:
        """Tell of each cell, of which ``numbers`` are the numbers, whether it has a value to predict."""
        found = np.isfinite(numbers) if self._is_number else ~is_missing(cells)
        self._unusable += int(np.sum(~found))
        return found

    def add(self, cells: pd.Series, numbers: np.ndarray) -> None:
        """Read some usable cells, of which ``numbers`` are the numbers."""
        if self._is_number:
            self._values.append(numbers.astype(np.float32))
            return
        places, words = pd.factorize(cells.to_numpy(dtype=object))
        codes = [self._codes.setdefault(word, len(self._codes)) for word in words]
        self._values.append(np.array(codes, dtype=np.int32)[places] if codes else np.empty(0, np.int32))
        if len(self._codes) > _MOST_WORDS:
            check_classes(list(self._codes), 0, f"The target column '{self.name}'", self.name)

    def _all_values(self) -> np.ndarray:
        values = np.concatenate(self._values) if self._values else np.empty(0, np.float32)
        if not len(values):
            raise no_target(self.name)
        return values

    def finish(self) -> tuple[Targets, list[Problem]]:
        """Return the targets that were read, and warnings about the rows without one.

        Raises:
            BuilderError: where no target is there, where all are equal, or where the classes are too many.
        """
        values = self._all_values()
        problems = left_out(self.name, self._unusable)
        if self._is_number:
            check_numbers(self.task, self.name, values)
            return Targets(values, np.empty(0)), list(problems)
        raw = pd.Series(list(self._codes), dtype="str", name=self.name)
        words = _class_words(raw, column_facts(raw, self._decimal_comma))
        class_names = tuple(in_natural_order(set(words)))
        check_classes(class_names, len(values), f"The target column '{self.name}'", self.name)
        index = {name: number for number, name in enumerate(class_names)}
        place = np.array([index[word] for word in words], dtype=np.int32)
        return Targets(place[values], np.empty(0), class_names), [*problems, *alike(class_names, self.name)]


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


def alike(class_names: Sequence[str], field: str) -> tuple[Problem, ...]:
    """Return a warning about classes whose names differ by capitals or spaces alone, where there are such."""
    spelled: dict[str, list[str]] = {}
    for name in class_names:
        spelled.setdefault("".join(name.casefold().split()), []).append(name)
    groups = [names for names in spelled.values() if len(names) > 1]
    if not groups:
        return ()
    shown = "; ".join(", ".join(f"'{name}'" for name in names) for names in groups[:_SHOWN])
    message = (
        f"Classes of '{field}' differ by capital letters or spaces alone: {shown}"
        f"{' …' if len(groups) > _SHOWN else ''}. Each is learned as a class of its own; if they mean the "
        "same, write them alike."
    )
    return (Problem("classes_alike", message, field=field, severity="warning"),)


def settled_order(task: str, targets: Targets, wanted: str, field: str) -> Targets:
    """Return the targets with their classes in a person's own order, where the task asks for one.

    Args:
        task: the task; only ranks have an order.
        targets: the targets, their classes in natural order.
        wanted: the classes between commas, from the lowest to the highest, or "auto" for the natural order.
        field: the target column's name.

    Raises:
        BuilderError: where the wanted order names other classes than there are.
    """
    if task != "ordinal" or wanted == AUTO:
        return targets
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    if sorted(names) == sorted(targets.class_names):
        return targets.in_order(names)
    message = (
        f"The order of the classes is given as {', '.join(names)}, but the column '{field}' holds "
        f"{', '.join(targets.class_names[:20])}. Name each of them once, from the lowest to the highest."
    )
    raise stop("wrong_class_order", message, field="class_order")


def check_numbers(task: str, name: str, values: np.ndarray) -> None:
    """Check that a target's numbers vary and, where they are counts, that they are whole and not negative.

    Raises:
        BuilderError: where they are not.
    """
    check_varies(name, values)
    bad = values[(values < 0) | (values != np.round(values))]
    if task == "count" and len(bad):
        message = (
            f"The target column '{name}' holds {bad[0]:g}, which is no count: counts are whole numbers from "
            "0 on. Choose another column, or the task 'A number'."
        )
        raise stop("not_a_count", message, field=name)


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


def no_target(name: str) -> BuilderError:
    """Return the error for a target column without any value."""
    message = f"The target column '{name}' is empty in every row. Choose another target."
    return stop("no_target_values", message, field=name)


def left_out(name: str, count: int) -> tuple[Problem, ...]:
    """Return a warning about rows without a target, where there are any."""
    if not count:
        return ()
    message = f"{count:,} row(s) have no usable value in the target column '{name}' and were left out."
    return (Problem("target_missing", message, field=name, severity="warning"),)
