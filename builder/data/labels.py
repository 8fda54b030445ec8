"""Targets where any number of labels may be right: a column of lists, or a column of 0 and 1 a label."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from builder.data.columns import ColumnFacts, present_cells
from builder.data.naming import in_natural_order
from builder.data.targets import MAXIMUM_CLASSES, TargetReader, Targets, check_classes, left_out
from builder.errors import BuilderError, Problem, stop

# The first one that a column uses separates its labels: a comma may stand within a label.
SEPARATORS = (";", "|", ",")
# A column where so many cells hold several labels is proposed as one of labels.
_SEVERAL_SHARE = 0.1
_MOST_PROPOSED = 100


def separator_of(cells: Sequence[str]) -> str:
    """Return what separates the labels in a column's cells; JSON lists need none."""
    return next((mark for mark in SEPARATORS if any(mark in cell for cell in cells)), SEPARATORS[0])


def labels_of(cell: str, separator: str) -> list[str]:
    """Return the labels in a cell: a JSON list, or words between separators; ``[]`` means none."""
    text = cell.strip()
    if text.startswith("[") and text.endswith("]"):
        try:
            found = json.loads(text)
        except ValueError:
            found = text[1:-1].replace("'", "").replace('"', "").split(separator)
        return list(dict.fromkeys(str(item).strip() for item in found if str(item).strip()))
    return list(dict.fromkeys(word.strip() for word in text.split(separator) if word.strip()))


def holds_labels(cells: pd.Series) -> bool:
    """Tell whether the cells of a column look like lists of a few labels that come again and again."""
    present = present_cells(cells).astype(str)
    mark = separator_of(present)
    lists = [labels_of(cell, mark) for cell in present]
    several = sum(len(labels) > 1 for labels in lists)
    distinct = {label for labels in lists for label in labels}
    repeated = sum(map(len, lists)) >= 5 * len(distinct)
    return (
        bool(lists)
        and several >= _SEVERAL_SHARE * len(lists)
        and repeated
        and len(distinct) <= _MOST_PROPOSED
    )


def label_words(chosen: np.ndarray, names: Sequence[str]) -> str:
    """Return the names of the labels that are not 0 in words; a dash where there is none."""
    return ", ".join(name for name, wanted in zip(names, chosen, strict=True) if wanted) or "–"


def label_names(names: Sequence[str], class_names: Sequence[str]) -> tuple[list[list[str]], tuple[str, ...]]:
    """Return the labels in each of several names of classes, such as "cat, dog", and all labels in order."""
    mark = separator_of(list(class_names))
    lists = [labels_of(name, mark) for name in names]
    return lists, tuple(in_natural_order({label for labels in lists for label in labels}))


def multi_hot(lists: Sequence[Sequence[str]], names: Sequence[str]) -> np.ndarray:
    """Return 1 for every label of a row, else 0: float32 of shape (rows, labels)."""
    place = {name: number for number, name in enumerate(names)}
    found = np.zeros((len(lists), len(names)), dtype=np.float32)
    for row, labels in enumerate(lists):
        found[row, [place[label] for label in labels]] = 1
    return found


class LabelsReader(TargetReader):
    """Reads a column of lists of labels piece by piece, as ``TargetReader`` reads one of classes.

    Args:
        name: the column's name.
        separator: what stands between the labels.
    """

    def __init__(self, name: str, separator: str) -> None:
        super().__init__("multi_label", name)
        self._separator = separator

    def finish(self) -> tuple[Targets, list[Problem]]:
        """Return the labels that were read, and warnings about the rows without any.

        Raises:
            BuilderError: where no row has labels, or there are fewer than two or too many of them.
        """
        codes = self._all_values()
        lists = [labels_of(cell, self._separator) for cell in self._codes]
        names = tuple(in_natural_order({label for labels in lists for label in labels}))
        check_labels(names, f"The target column '{self.name}'", self.name)
        problems = left_out(self.name, self._unusable)
        return Targets(multi_hot(lists, names)[codes], np.empty(0), names), list(problems)


def joined_columns(found: Sequence[tuple[str, Targets]]) -> Targets:
    """Return several columns of 0 and 1 as one target, whose labels are the columns' names.

    Raises:
        BuilderError: where a column holds anything else.
    """
    columns = []
    for name, targets in found:
        if not set(np.unique(targets.values)) <= {0.0, 1.0}:
            message = (
                f"The column '{name}' holds other numbers than 0 and 1. Where several columns are to "
                "predict, each is one label: 1 where it fits the row, else 0. Set the column's role to "
                "something else."
            )
            raise stop("not_a_label", message, field=name)
        columns.append(targets.values.astype(np.float32))
    kept = found[0][1].kept
    return Targets(np.stack(columns, axis=1), kept, tuple(name for name, _ in found))


def check_labels(names: Sequence[str], owner: str, field: str) -> None:
    """Check that there are at least two labels and not too many.

    Raises:
        BuilderError: where there are not.
    """
    if len(names) >= 2 and len(names) <= MAXIMUM_CLASSES:
        return
    if len(names) > MAXIMUM_CLASSES:
        check_classes(names, 0, owner, field)
    raise _one_label(names, owner, field)


def _one_label(names: Sequence[str], owner: str, field: str) -> BuilderError:
    found = f"the label '{names[0]}' alone" if names else "no label"
    message = (
        f"{owner} holds {found}. Write the labels of a row between semicolons, such as 'red; round', or "
        "choose the task 'One of several kinds'."
    )
    return stop("one_label", message, field=field)


def read_label_targets(
    frame: pd.DataFrame, facts: Mapping[str, ColumnFacts], names: Sequence[str]
) -> Targets:
    """Return the labels of a table's rows at once; rows without a target are left out with a warning.

    Args:
        frame: the table.
        facts: what is known of its columns.
        names: the columns to predict: one of lists, or several of 0 and 1.

    Raises:
        BuilderError: where the columns hold no labels.
    """
    readers = label_readers(frame, names)
    usable = [reader.usable(frame[reader.name], facts[reader.name].numbers) for reader in readers]
    kept = np.flatnonzero(np.logical_and.reduce(usable))
    found = []
    problems: list[Problem] = []
    for reader in readers:
        reader.add(frame[reader.name].iloc[kept], facts[reader.name].numbers[kept])
        targets, told = reader.finish()
        found.append((reader.name, targets))
        problems += told
    joined = joined_labels(found)
    return Targets(joined.values, kept, joined.class_names, tuple(problems))


def label_readers(frame: pd.DataFrame, names: Sequence[str]) -> list[TargetReader]:
    """Return what reads the columns to predict: one of lists, or several of 0 and 1."""
    if len(names) == 1:
        return [LabelsReader(names[0], separator_of(frame[names[0]].astype(str)))]
    return [TargetReader("count", name) for name in names]


def joined_labels(found: Sequence[tuple[str, Targets]]) -> Targets:
    """Return what the readers of ``label_readers`` found as one target."""
    return found[0][1] if len(found) == 1 else joined_columns(found)
