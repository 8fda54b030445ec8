"""Cutting the rows into training, validation and test parts, the same way for the same seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from builder.errors import stop

PARTS = ("train", "validation", "test")
MINIMUM_ROWS = 10


def split_rows(
    settings: Mapping[str, Any],
    rows: int,
    classes: np.ndarray | None,
    class_names: Sequence[str] = (),
    is_test: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Return the rows of each part, in rising order.

    Args:
        settings: values of ``SPLIT_PARAMETERS``, all of them.
        rows: number of rows.
        classes: class index of every row, shape (rows,); None for regression, where
            ``"stratified"`` means random.
        class_names: names for the messages.
        is_test: True for the source's own test rows, shape (rows,), or None.

    Raises:
        BuilderError: where there are too few rows, or ``"given"`` is chosen for a source without
            test rows.
    """
    if rows < MINIMUM_ROWS:
        message = f"Only {rows} usable row(s) are left; at least {MINIMUM_ROWS} are needed. Choose more data."
        raise stop("too_few_rows", message, field="source")
    method = settings["method"]
    random = np.random.default_rng(settings["seed"])
    everything = np.arange(rows)
    if method == "given":
        parts = _given(settings, classes, class_names, is_test, random)
    elif method == "ordered":
        parts = _cut(everything, settings["validation"], settings["test"])
    elif method == "stratified" and classes is not None:
        parts = _stratified(everything, classes, class_names, settings, settings["test"], random)
    else:
        parts = _cut(random.permutation(everything), settings["validation"], settings["test"])
    _check_parts(parts, classes, class_names)
    return {part: np.sort(parts[part]).astype(np.int64) for part in PARTS}


def _given(
    settings: Mapping[str, Any],
    classes: np.ndarray | None,
    class_names: Sequence[str],
    is_test: np.ndarray | None,
    random: np.random.Generator,
) -> dict[str, np.ndarray]:
    if is_test is None or not is_test.any():
        message = (
            "This data source names no test rows of its own, so the split method 'given' cannot be used. "
            "Choose "
            "'stratified', 'random' or 'ordered'."
        )
        raise stop("no_given_test", message, field="method")
    rest = np.flatnonzero(~is_test)
    if classes is None:
        parts = _cut(random.permutation(rest), settings["validation"], 0.0)
    else:
        parts = _stratified(rest, classes, class_names, settings, 0.0, random)
    return {**parts, "test": np.flatnonzero(is_test)}


def _stratified(
    rows: np.ndarray,
    classes: np.ndarray,
    class_names: Sequence[str],
    settings: Mapping[str, Any],
    test_share: float,
    random: np.random.Generator,
) -> dict[str, np.ndarray]:
    needed = 3 if test_share else 2
    counts = np.bincount(classes[rows], minlength=len(class_names))
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
    pieces: dict[str, list[np.ndarray]] = {part: [] for part in PARTS}
    for index in range(len(class_names)):
        own = random.permutation(rows[classes[rows] == index])
        for part, piece in _cut(own, settings["validation"], test_share).items():
            pieces[part].append(piece)
    return {part: np.concatenate(found) for part, found in pieces.items()}


def _cut(rows: np.ndarray, validation: float, test: float) -> dict[str, np.ndarray]:
    """Cut rows in order; a part with a share above zero gets at least one row."""
    test_rows = max(round(len(rows) * test), 1) if test else 0
    validation_rows = max(round(len(rows) * validation), 1)
    while test_rows + validation_rows >= len(rows) and test_rows + validation_rows > 2:
        test_rows, validation_rows = max(test_rows - 1, min(test_rows, 1)), max(validation_rows - 1, 1)
    first, second = len(rows) - test_rows - validation_rows, len(rows) - test_rows
    return {"train": rows[:first], "validation": rows[first:second], "test": rows[second:]}


def _check_parts(
    parts: Mapping[str, np.ndarray], classes: np.ndarray | None, class_names: Sequence[str]
) -> None:
    empty = [part for part in PARTS if not len(parts[part])]
    if empty:
        message = f"The {empty[0]} part is left without rows. Choose other shares or more data."
        raise stop("empty_part", message, field=empty[0] if empty[0] != "train" else "validation")
    if classes is None:
        return
    counts = np.bincount(classes[parts["train"]], minlength=len(class_names))
    unseen = [f"'{class_names[index]}'" for index in np.flatnonzero(counts == 0).tolist()]
    if unseen:
        message = (
            f"The training part has no row of the class {', '.join(unseen[:5])}, so it cannot be learned. "
            "Choose "
            "the split method 'stratified', or remove that class."
        )
        raise stop("class_not_in_training", message, field="method")
