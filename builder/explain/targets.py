"""A model of several targets as a model of the one that is looked at."""

from __future__ import annotations

import keras
import numpy as np

from builder.adversarial.model import kept_part
from builder.data.prepare import Prepared
from builder.data.some_rows import some_of
from builder.errors import stop
from builder.outputs import each_output


def of_target(
    model: keras.Model, prepared: Prepared, target: str | None = None
) -> tuple[keras.Model, Prepared]:
    """Return a model and its data as if one of their targets were the only one.

    Args:
        model: a model with one output a target.
        prepared: the data.
        target: the name of a target; None is the first.

    Raises:
        BuilderError: ``unknown_target``.
    """
    names = [spec.target_name for spec in prepared.spec.each_target]
    if target is not None and target not in names:
        known = ", ".join(names)
        raise stop("unknown_target", f"The model does not predict '{target}'. It predicts: {known}.")
    number = 0 if target is None else names.index(target)
    return each_output(kept_part(model))[number], prepared.each_target[number]


def arrays_of_row(prepared: Prepared, row: int) -> dict[str, np.ndarray]:
    """Return the arrays of one row, with a batch axis of 1, in the dtypes of the model.

    Raises:
        BuilderError: ``unknown_sample``.
    """
    rows = len(prepared.targets)
    if not 0 <= row < rows:
        raise stop("unknown_sample", f"There is no row {row}: the data have {rows:,} rows, counted from 0.")
    return prepared.arrays_of([row])


def some_rows(prepared: Prepared, part: str, most: int, seed: int = 1) -> np.ndarray:
    """Return rows of a part in ascending order: all of them, or so many that chance picks.

    Raises:
        BuilderError: ``empty_part``.
    """
    rows = np.asarray(prepared.indices[part])
    if not len(rows):
        raise stop("empty_part", f"The {part} part has no rows to look at. Raise its share in the split.")
    return some_of(rows, most, seed)
