"""Partial dependence: what the answer does, on the average and for single rows, where one column moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from builder.data.prepare import Prepared
from builder.data.some_rows import some_of
from builder.data.spec import DataSpec, ModelInput
from builder.errors import stop
from builder.explain.local.answer import answer_of
from builder.explain.targets import of_target, some_rows

ROWS = 300
CURVES = 40
_STEPS = 24
_MOST_CATEGORIES = 40
# What lies outside of these shares of the training rows is left out: the model has hardly seen it.
_FROM, _TO = 0.01, 0.99
Tick = Callable[[float], None]


def partial_dependence(
    model: keras.Model,
    prepared: Prepared,
    column: str,
    target: str | None = None,
    chosen: str | None = None,
    tick: Tick = lambda share: None,
) -> dict[str, Any]:
    """Return the mean answer to test rows, and the answers to some of them, at every value of a column.

    Args:
        model: a model with one output a target.
        prepared: the data.
        column: a column of the table that the model reads.
        target: which of several targets is looked at; None is the first.
        chosen: the class or label whose probability is the answer; None is the last class.
        tick: called with the done share, 0 to 1; what it raises ends the work.

    Returns:
        ``column``, ``label`` (what is answered), ``values`` (numbers, or categories), ``mean``, ``curves``
        (of at most ``CURVES`` rows, each one answer a value), ``rows`` (those of the curves), ``counted``
        (the rows of the mean) and ``seen``, how many training rows lie at or near each value.

    Raises:
        BuilderError: ``no_columns`` where the model reads no table, ``unknown_column``, ``not_explained``,
            ``unknown_class``.

    Reference: Friedman, Greedy Function Approximation (2001), section 8.2; Goldstein et al., Peeking Inside
        the Black Box (2015).
    """
    single, data = of_target(model, prepared, target)
    names = data.spec.class_names
    answer = answer_of(single, data.spec, names[-1] if chosen is None and names else chosen)
    item = table_of(data.spec)
    if column not in columns_of(data.spec):
        known = ", ".join(columns_of(data.spec)[:20])
        raise stop("unknown_column", f"The model reads no column '{column}'. It reads: {known}.")
    rows = some_rows(data, "test", ROWS)
    arrays = data.arrays_of(rows)
    array, place, values, shown, seen = _steps(data, item, column)
    answers = []
    for number, value in enumerate(values):
        moved = arrays[array].copy()
        moved[:, place] = value
        answers.append(answer.values({**arrays, array: moved}))
        tick((number + 1) / len(values))
    table = np.stack(answers, axis=1)
    drawn = some_of(np.arange(len(rows)), CURVES)
    return {
        "column": column,
        "label": answer.label,
        "values": shown,
        "mean": table.mean(axis=0).tolist(),
        "curves": table[drawn].tolist(),
        "rows": rows[drawn].tolist(),
        "counted": len(rows),
        "seen": seen,
    }


def table_of(spec: DataSpec) -> ModelInput:
    """Return the input that is a table.

    Raises:
        BuilderError: ``no_columns`` where there is none.
    """
    for item in spec.inputs:
        if item.kind == "table":
            return item
    message = (
        "This needs columns that can be moved one by one, and this model reads none: a pixel, a word or a "
        "moment of sound means nothing by itself. Look at the importance and at single explanations instead."
    )
    raise stop("no_columns", message)


def columns_of(spec: DataSpec) -> list[str]:
    """Return the columns of the table that a model reads; none where it reads no table."""
    return [
        name
        for item in spec.inputs
        if item.kind == "table"
        for name in (*item.settings["numeric_columns"], *item.settings["categorical_columns"])
    ]


def _steps(
    data: Prepared, item: ModelInput, column: str
) -> tuple[str, int, list[float], list[Any], list[int]]:
    """Return the column's array and place, the values to try, these in words, and how often each was seen."""
    training, settings = np.asarray(data.indices["train"]), item.settings
    if column in settings["numeric_columns"]:
        place = list(settings["numeric_columns"]).index(column)
        known = np.asarray(data.arrays["numeric"][training, place], dtype=np.float64)
        different = np.unique(known)
        values = np.unique(np.quantile(known, np.linspace(_FROM, _TO, _STEPS)))
        if len(different) <= _STEPS:
            values = different
        nearest = np.abs(known[:, None] - values[None]).argmin(axis=1)
        seen = np.bincount(nearest, minlength=len(values)).tolist()
        return "numeric", place, values.tolist(), values.tolist(), seen
    place = list(settings["categorical_columns"]).index(column)
    words = ["other or missing", *settings["categories"][column]][:_MOST_CATEGORIES]
    codes = [settings["offsets"][column] + number for number in range(len(words))]
    known = np.asarray(data.arrays["categorical"][training, place])
    return "categorical", place, codes, words, [int((known == code).sum()) for code in codes]
