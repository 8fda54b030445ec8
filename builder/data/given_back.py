"""What a model of an anomaly detection is to give back, and how far it is from that. NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from builder.data.spec import DataSpec, ModelInput


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


def mean_squares(differences: np.ndarray) -> np.ndarray:
    """Return the mean square of each row's differences."""
    return np.square(differences, dtype=np.float64).reshape(len(differences), -1).mean(axis=1)
