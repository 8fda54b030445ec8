"""How a classifier trades one error for the other: ROC and precision-recall curves, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn import metrics

from builder.data.some_rows import spread

# A chart needs no more points than it has pixels to tell apart.
_POINTS = 120
MOST_CLASSES = 20


def class_curves(chances: np.ndarray, truth: np.ndarray, class_names: Sequence[str]) -> list[dict[str, Any]]:
    """Return each class's curves against all others, the classes with most rows first.

    Args:
        chances: the probability of every class, of shape ``(rows, classes)``.
        truth: whether a row is of a class, of the same shape.
        class_names: the classes' names.

    Returns:
        For at most ``MOST_CLASSES`` classes, of which some rows are and some are not: ``name``, ``support``,
        ``roc_auc``, ``average_precision``, ``roc`` (``false_positive_rate``, ``true_positive_rate``) and
        ``precision_recall`` (``recall``, ``precision``).

    Reference: Fawcett, An introduction to ROC analysis (2006); Davis & Goadrich, The Relationship Between
        Precision-Recall and ROC Curves (2006).
    """
    support = truth.sum(axis=0)
    usable = np.flatnonzero((support > 0) & (support < len(truth)))
    order = usable[np.argsort(-support[usable], kind="stable")][:MOST_CLASSES]
    return [
        {
            "name": class_names[place],
            "support": int(support[place]),
            **_curves(truth[:, place], chances[:, place]),
        }
        for place in sorted(order.tolist())
    ]


def _curves(truth: np.ndarray, chances: np.ndarray) -> dict[str, Any]:
    false_positive, true_positive, _ = metrics.roc_curve(truth, chances)
    precision, recall, _ = metrics.precision_recall_curve(truth, chances)
    return {
        "roc_auc": float(metrics.roc_auc_score(truth, chances)),
        "average_precision": float(metrics.average_precision_score(truth, chances)),
        "roc": _thinned(false_positive_rate=false_positive, true_positive_rate=true_positive),
        "precision_recall": _thinned(recall=recall[::-1], precision=precision[::-1]),
    }


def _thinned(**lines: np.ndarray) -> dict[str, list[float]]:
    length = len(next(iter(lines.values())))
    chosen = spread(length, _POINTS)
    return {name: values[chosen].tolist() for name, values in lines.items()}
