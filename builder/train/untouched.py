"""Looking into a model in training without leaving a mark on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras

from builder.train.checkpoint import copies


@contextmanager
def untouched(model: keras.Model) -> Iterator[None]:
    """Put back what a model changes by running: means of batch normalization, random generators, metrics.

    A recurrent layer draws from its random generator even where it drops nothing out. When a look is taken
    depends on the clock; what is learned must not.
    """
    with restored([*model.non_trainable_variables, *model.metrics_variables]):
        yield


@contextmanager
def restored(variables: Sequence[keras.Variable]) -> Iterator[None]:
    """Put back the values of some variables, whatever happens in between."""
    kept = copies(variables)
    try:
        yield
    finally:
        for variable, value in zip(variables, kept, strict=True):
            variable.assign(value)
