"""The samples on which a prediction of numbers is furthest off."""

from __future__ import annotations

from typing import Any

import numpy as np

WORST = 20


def worst_points(
    predicted: np.ndarray, truth: np.ndarray, error: np.ndarray, rows: np.ndarray
) -> list[dict[str, Any]]:
    """Return the rows of the largest errors with what was true and what was predicted, all (samples,)."""
    worst = np.argsort(-error, kind="stable")[:WORST]
    return [point(int(index), predicted, truth, rows) for index in worst]


def point(index: int, predicted: np.ndarray, truth: np.ndarray, rows: np.ndarray) -> dict[str, Any]:
    """Return one sample's row, true and predicted value."""
    return {"row": int(rows[index]), "true": float(truth[index]), "predicted": float(predicted[index])}
