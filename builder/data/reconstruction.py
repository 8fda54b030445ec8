"""Anomaly detection: the target is the input itself, and only normal rows are learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from builder.data.spec import DataSpec, ModelInput
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


def features_target(item: ModelInput, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return what a model of a table's rows is to give back: its features, float32 (rows, features).

    Numbers are scaled to mean 0 and variance 1, categories become one 0-or-1 feature each, as in the model.
    """
    settings, found = item.settings, []
    if settings["numeric_columns"]:
        deviations = np.sqrt(np.maximum(np.asarray(settings["variances"], np.float64), 1e-12))
        found.append((arrays["numeric"] - np.asarray(settings["means"])) / deviations)
    if settings["categorical_columns"]:
        codes = np.asarray(arrays["categorical"])
        hot = np.zeros((len(codes), item.category_count))
        np.put_along_axis(hot, codes.astype(np.int64), 1.0, axis=1)
        found.append(hot)
    return np.concatenate(found, axis=1).astype(np.float32)


def target_of(spec: DataSpec, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return what a model is to give back for encoded samples; pictures 0 to 1."""
    item = spec.inputs[0]
    if item.kind == "image":
        return np.asarray(arrays[item.arrays[0].name], np.float32) / np.float32(255)
    return features_target(item, arrays)


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
