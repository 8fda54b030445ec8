"""Cutting the rows into training, validation and test parts, the same way for the same seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from builder.data.grouping import assign_groups
from builder.data.partition import cut, cut_each_class
from builder.errors import Problem, stop
from builder.project import NO_COLUMN

PARTS = ("train", "validation", "test")
MINIMUM_ROWS = 10
_COUNTED_ROWS = 1_000_000


def split_columns(settings: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the names of the columns that a split needs, if any: that of groups and that of time.

    Raises:
        BuilderError: where the method asks for a column and none is named.
    """
    method = settings["method"]
    for wanted, name in (("group", "group_column"), ("time", "time_column")):
        if method == wanted and settings[name] == NO_COLUMN:
            message = (
                f"The split method '{wanted}' needs to know which column holds the {wanted}. Choose it, or "
                "choose another method."
            )
            raise stop("no_split_column", message, field=name)
    return (
        settings["group_column"] if method == "group" else None,
        settings["time_column"] if method == "time" else None,
    )


def check_rows(rows: int) -> None:
    """Raise BuilderError where there are too few rows to be split."""
    if rows < MINIMUM_ROWS:
        message = f"Only {rows} usable row(s) are left; at least {MINIMUM_ROWS} are needed. Choose more data."
        raise stop("too_few_rows", message, field="source")


def split_rows(
    settings: Mapping[str, Any],
    rows: int,
    classes: np.ndarray | None,
    class_names: Sequence[str] = (),
    is_test: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    times: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Return the rows of each part, in rising order.

    With ``folds``, the rows are cut into as many equal parts, and the one numbered ``fold`` is the test
    part (with ``"given"`` the validation part); in the order of rows or of time, only earlier rows train.

    Args:
        settings: values of ``SPLIT_PARAMETERS``, all of them.
        rows: number of rows.
        classes: class index of every row, shape (rows,); None for regression, where
            ``"stratified"`` means random.
        class_names: names for the messages.
        is_test: True for the source's own test rows, shape (rows,), or None.
        groups: for ``"group"``: a number a row that rows of one group share, shape (rows,).
        times: for ``"time"``: the moment of every row, NaN where there is none, shape (rows,).

    Raises:
        BuilderError: where there are too few rows or groups, or ``"given"`` is chosen for a source without
            test rows.
    """
    check_rows(rows)
    method, folds = settings["method"], settings["folds"]
    if folds > 1 and settings["fold"] > folds:
        message = (
            f"Fold {settings['fold']} is chosen, but there are {folds}. Choose a fold from 1 to {folds}."
        )
        raise stop("no_such_fold", message, field="fold")
    random = np.random.default_rng(settings["seed"])
    # Half of the usual eight bytes a row: of a file of many gigabytes, the rows' numbers fill the memory.
    kind = np.int32 if rows <= np.iinfo(np.int32).max else np.int64
    everything = np.arange(rows, dtype=kind)
    parts: Sequence[np.ndarray]
    if method == "given":
        parts = _given(settings, classes, class_names, is_test, random)
    elif method == "group":
        parts = _grouped(settings, _present(groups, "group"), classes, class_names, random)
    elif method == "time":
        parts = _timed(settings, _present(times, "time"))
    elif method == "ordered":
        parts = _in_order(settings, everything, everything)
    else:
        is_stratified = method == "stratified" and classes is not None
        parts = _by_chance(settings, everything, classes if is_stratified else None, class_names, random)
    named = {part: chosen.astype(kind, copy=False) for part, chosen in zip(PARTS, parts, strict=True)}
    for chosen in named.values():
        chosen.sort()
    _check_parts(named, classes, class_names)
    return named


def split_problems(settings: Mapping[str, Any], parts: Mapping[str, np.ndarray], rows: int) -> list[Problem]:
    """Return warnings about rows that are in no part."""
    left = rows - sum(len(chosen) for chosen in parts.values())
    if not left or settings["method"] != "time":
        return []
    message = (
        f"{left:,} row(s) have no usable time in the column '{settings['time_column']}' and are in no part."
    )
    return [Problem("no_time", message, field="time_column", severity="warning")]


def _present(values: np.ndarray | None, method: str) -> np.ndarray:
    if values is None:
        message = (
            f"These data have no column for the split method '{method}'. Choose 'stratified', 'random' or "
            "'ordered'."
        )
        raise stop("no_split_column", message, field="method")
    return values


def _by_chance(
    settings: Mapping[str, Any],
    rows: np.ndarray,
    classes: np.ndarray | None,
    class_names: Sequence[str],
    random: np.random.Generator,
) -> Sequence[np.ndarray]:
    shares = settings["validation"], settings["test"]
    if settings["folds"] < 2:
        if classes is None:
            return cut(random.permutation(rows), *shares)
        return _stratified(rows, classes, class_names, shares, random)
    fold = _folds(rows, classes, settings["folds"], random)
    is_held = fold == settings["fold"] - 1
    rest = _by_chance({**settings, "folds": 0, "test": 0.0}, rows[~is_held], classes, class_names, random)
    return rest[0], rest[1], rows[is_held]


def _folds(
    rows: np.ndarray, classes: np.ndarray | None, folds: int, random: np.random.Generator
) -> np.ndarray:
    """Return the fold of every row; each fold has its share of each class."""
    mixed = random.permutation(len(rows))
    if classes is not None:
        mixed = mixed[np.argsort(classes[rows[mixed]], kind="stable")]
    fold = np.empty(len(rows), dtype=np.int64)
    fold[mixed] = np.arange(len(rows)) % folds
    return fold


def _grouped(
    settings: Mapping[str, Any],
    groups: np.ndarray,
    classes: np.ndarray | None,
    class_names: Sequence[str],
    random: np.random.Generator,
) -> Sequence[np.ndarray]:
    folds = settings["folds"]
    count = len(np.unique(groups))
    needed = max(folds, 3)
    if count < needed:
        message = (
            f"The split by group needs at least {needed} groups, one for each part, but the column "
            f"'{settings['group_column']}' has {count}. Choose another column or another method."
        )
        raise stop("too_few_groups", message, field="group_column")
    validation, test = settings["validation"], settings["test"]
    if folds < 2:
        part = assign_groups(
            groups, classes, len(class_names), [1 - validation - test, validation, test], random
        )
        return [np.flatnonzero(part == number) for number in range(3)]
    fold = assign_groups(groups, classes, len(class_names), [1 / folds] * folds, random)
    rest = np.flatnonzero(fold != settings["fold"] - 1)
    inner = assign_groups(
        groups[rest],
        None if classes is None else classes[rest],
        len(class_names),
        [1 - validation, validation],
        random,
    )
    return rest[inner == 0], rest[inner == 1], np.flatnonzero(fold == settings["fold"] - 1)


def _timed(settings: Mapping[str, Any], times: np.ndarray) -> Sequence[np.ndarray]:
    known = np.flatnonzero(np.isfinite(times))
    return _in_order(settings, known[np.argsort(times[known], kind="stable")], times)


def _in_order(settings: Mapping[str, Any], ordered: np.ndarray, times: np.ndarray) -> Sequence[np.ndarray]:
    """Cut rows in their order; rows of one moment stay in the earlier part, so that none is foretold."""
    folds, fold = settings["folds"], settings["fold"]
    if folds > 1:
        edges = np.linspace(0, len(ordered), folds + 2).astype(int)
        past, test = ordered[: edges[fold]], ordered[edges[fold] : edges[fold + 1]]
        train, validation, _ = cut(past, settings["validation"], 0.0)
    else:
        train, validation, test = cut(ordered, settings["validation"], settings["test"])
    last = times[train[-1]] if len(train) else -np.inf
    moved = int(np.searchsorted(times[validation], last, side="right"))
    train, validation = np.concatenate([train, validation[:moved]]), validation[moved:]
    last = times[validation[-1]] if len(validation) else last
    moved = int(np.searchsorted(times[test], last, side="right"))
    return train, np.concatenate([validation, test[:moved]]), test[moved:]


def _given(
    settings: Mapping[str, Any],
    classes: np.ndarray | None,
    class_names: Sequence[str],
    is_test: np.ndarray | None,
    random: np.random.Generator,
) -> Sequence[np.ndarray]:
    if is_test is None or not is_test.any():
        message = (
            "This data source names no test rows of its own, so the split method 'given' cannot be used. "
            "Choose "
            "'stratified', 'random' or 'ordered'."
        )
        raise stop("no_given_test", message, field="method")
    rest = np.flatnonzero(~is_test)
    if settings["folds"] > 1:
        fold = _folds(rest, classes, settings["folds"], random)
        is_held = fold == settings["fold"] - 1
        return rest[~is_held], rest[is_held], np.flatnonzero(is_test)
    inner = {**settings, "folds": 0, "test": 0.0}
    train, validation, _ = _by_chance(inner, rest, classes, class_names, random)
    return train, validation, np.flatnonzero(is_test)


def _stratified(
    rows: np.ndarray,
    classes: np.ndarray,
    class_names: Sequence[str],
    shares: tuple[float, float],
    random: np.random.Generator,
) -> Sequence[np.ndarray]:
    needed = 3 if shares[1] else 2
    counts = _class_counts(classes, rows, len(class_names))
    scarce = [
        f"'{class_names[index]}' ({counts[index]})" for index in np.flatnonzero(counts < needed).tolist()
    ]
    if scarce:
        message = (
            f"Every class needs at least {needed} rows, one for each part of the data. Too few: "
            f"{', '.join(scarce[:5])}{' …' if len(scarce) > 5 else ''}. Add rows, remove these classes, or "
            "choose "
            "another split method."
        )
        raise stop("too_few_rows_per_class", message, field="target")
    return cut_each_class(rows, classes, len(class_names), *shares, random)


def _class_counts(classes: np.ndarray, rows: np.ndarray, classes_in_all: int) -> np.ndarray:
    # Counting makes eight bytes of every value, so it is done piece by piece.
    pieces = (rows[start : start + _COUNTED_ROWS] for start in range(0, len(rows), _COUNTED_ROWS))
    none = np.zeros(classes_in_all, dtype=np.int64)
    return sum((np.bincount(classes[piece], minlength=classes_in_all) for piece in pieces), none)


def _check_parts(
    parts: Mapping[str, np.ndarray], classes: np.ndarray | None, class_names: Sequence[str]
) -> None:
    empty = [part for part in PARTS if not len(parts[part])]
    if empty:
        message = f"The {empty[0]} part is left without rows. Choose other shares or more data."
        raise stop("empty_part", message, field=empty[0] if empty[0] != "train" else "validation")
    if classes is None:
        return
    counts = _class_counts(classes, parts["train"], len(class_names))
    unseen = [f"'{class_names[index]}'" for index in np.flatnonzero(counts == 0).tolist()]
    if unseen:
        message = (
            f"The training part has no row of the class {', '.join(unseen[:5])}, so it cannot be learned. "
            "Choose "
            "the split method 'stratified', or remove that class."
        )
        raise stop("class_not_in_training", message, field="method")
