"""The samples behind every cell of a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

MOST_ROWS = 48


def cells(
    chances: np.ndarray, targets: np.ndarray, rows: np.ndarray, class_names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the samples of every cell that has any, the cells of the diagonal last, the fullest first.

    Args:
        chances: the probability of every class, of shape ``(rows, classes)``.
        targets: the true classes, of shape ``(rows,)``.
        rows: the rows' numbers in the prepared data.
        class_names: the classes' names.

    Returns:
        For each cell ``true``, ``predicted``, ``count``, and at most ``MOST_ROWS`` ``samples``, each with its
        ``row`` and the ``confidence`` of the model's answer: of errors the surest first, of right answers the
        least sure.
    """
    predicted = chances.argmax(axis=1)
    sure = chances.max(axis=1)
    found = []
    for code in np.unique(targets.astype(np.int64) * len(class_names) + predicted).tolist():
        true, said = divmod(code, len(class_names))
        inside = np.flatnonzero((targets == true) & (predicted == said))
        order = inside[np.argsort(sure[inside] if true == said else -sure[inside], kind="stable")]
        samples = [{"row": int(rows[index]), "confidence": float(sure[index])} for index in order[:MOST_ROWS]]
        names = {"true": class_names[true], "predicted": class_names[said]}
        found.append({**names, "count": len(inside), "samples": samples})
    return sorted(found, key=lambda cell: (cell["true"] == cell["predicted"], -cell["count"]))
