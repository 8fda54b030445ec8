"""The parts of a source of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from builder.data.class_folders import name_values
from builder.data.split_values import split_values
from builder.data.splits import split_problems, split_rows
from builder.errors import Problem
from builder.tasks import TASKS


class LabeledFiles(Protocol):
    """Files with a name and a class each, and perhaps a test part of their own."""

    @property
    def names(self) -> Sequence[str]:
        """The files' names."""

    @property
    def labels(self) -> np.ndarray:
        """The class index of every file."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes."""

    @property
    def is_test(self) -> np.ndarray | None:
        """Whether each file is one of the source's own test files."""


def split_files(
    settings: Mapping[str, Any], source: LabeledFiles, kept: np.ndarray, task: str = "classification"
) -> tuple[dict[str, np.ndarray], list[Problem]]:
    """Return the parts of the files whose positions are ``kept``, and warnings; see ``split_rows``.

    Sets of labels are too rare for every part to have its share of each; they are split by chance.
    """
    names = [source.names[row] for row in kept]
    groups, times = split_values(settings, lambda column: name_values(names, column))
    is_test = None if source.is_test is None else source.is_test[kept]
    classes = source.labels[kept] if TASKS[task].predicts == "classes" else None
    parts = split_rows(settings, len(kept), classes, source.class_names, is_test, groups, times)
    return parts, split_problems(settings, parts, len(kept))
