"""Anomaly detection: the target is the input itself, and only normal rows are learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from builder.data.given_back import features_target
from builder.data.spec import ModelInput
from builder.data.splits import split_rows
from builder.data.writing import ArrayWriter
from builder.errors import stop
from builder.params import AUTO

ANOMALIES_FILE = "anomalies.npy"
_ROWS = 10_000


class Pixels:
    """Pictures as a target, 0 to 1, from the file of the input, 0 to 255; nothing is kept twice.

    Args:
        stored: uint8 of shape (rows, height, width, channels).
    """

    dtype = np.dtype(np.float32)

    def __init__(self, stored: np.ndarray) -> None:
        self._stored, self.shape, self.nbytes = stored, stored.shape, stored.nbytes

    def __len__(self) -> int:
        return len(self._stored)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return self._stored[rows].astype(np.float32) / np.float32(255)


def settled_normal(wanted: str, class_names: Sequence[str], classes: np.ndarray) -> int:
    """Return the number of the class of the normal rows: the wanted one, or the most frequent.

    Raises:
        BuilderError: where there is no such class.
    """
    if wanted == AUTO:
        return int(np.bincount(classes, minlength=len(class_names)).argmax())
    if wanted in class_names:
        return list(class_names).index(wanted)
    known = ", ".join(class_names[:20])
    message = f"There is no class '{wanted}' to be the normal one. The classes are: {known}."
    raise stop("no_such_class", message, field="normal_class")


def parts_of_normal(
    settings: Mapping[str, Any],
    is_normal: np.ndarray,
    is_test: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    times: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Return the rows of each part: the normal ones are split, all others are for the test alone."""
    normal, others = np.flatnonzero(is_normal), np.flatnonzero(~is_normal)
    given = [None if values is None else values[normal] for values in (is_test, groups, times)]
    parts = split_rows(settings, len(normal), None, (), *given)
    found = {part: normal[rows] for part, rows in parts.items()}
    return {**found, "test": np.sort(np.concatenate([found["test"], others]))}


def write_features(folder: Path, item: ModelInput) -> int:
    """Write the target of a table's rows from its prepared arrays; return the number of features."""
    arrays = {array.name: np.load(folder / f"{array.name}.npy", mmap_mode="r") for array in item.arrays}
    rows = len(next(iter(arrays.values())))
    features = len(item.settings["numeric_columns"]) + item.category_count
    with (folder / "targets.npy").open("wb") as stream:
        writer = ArrayWriter(stream, (features,), "float32")
        for start in range(0, rows, _ROWS):
            some = {name: array[start : start + _ROWS] for name, array in arrays.items()}
            writer.append(features_target(item, some))
        writer.finish()
    return features
