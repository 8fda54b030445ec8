"""Scores of a classifier from its probabilities. Plain NumPy and scikit-learn; no model needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn import metrics

from builder.explain.curves import class_curves

CALIBRATION_BINS = 10
_SMALLEST = 1e-7


def classification_scores(
    probabilities: np.ndarray, targets: np.ndarray, class_names: Sequence[str]
) -> dict[str, Any]:
    """Return accuracy, loss, confusion matrix, per-class scores, curves and calibration.

    Args:
        probabilities: of shape ``(samples, classes)``, rows adding up to 1.
        targets: class indices, of shape ``(samples,)``.
        class_names: the name of each index.

    Returns:
        JSON-ready data. ``confusion_matrix[t][p]`` counts samples of class t taken for p; ``loss``
        is the mean cross-entropy in nats.

    Reference:
        https://scikit-learn.org/stable/modules/model_evaluation.html
    """
    labels = np.arange(len(class_names))
    predicted = probabilities.argmax(axis=1)
    own = probabilities[np.arange(len(targets)), targets]
    return {
        "accuracy": float(np.mean(predicted == targets)),
        "loss": float(-np.log(np.clip(own, _SMALLEST, 1)).mean()),
        "confusion_matrix": metrics.confusion_matrix(targets, predicted, labels=labels).tolist(),
        "classes": _per_class(targets, predicted, class_names),
        "calibration": calibration(probabilities, targets),
        "curves": class_curves(probabilities, targets[:, None] == labels, class_names),
    }


def calibration(probabilities: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    """Return, for ten ranges of confidence, the mean confidence beside the share that was right.

    ``expected_error`` is the mean gap of the two, weighted by the samples in each range.

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks", 2017, https://arxiv.org/abs/1706.04599
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == targets
    place = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    bins = []
    for number in np.unique(place):
        inside = place == number
        bins.append(
            {
                "from": number / CALIBRATION_BINS,
                "to": (number + 1) / CALIBRATION_BINS,
                "count": int(inside.sum()),
                "confidence": float(confidence[inside].mean()),
                "accuracy": float(right[inside].mean()),
            }
        )
    gap = sum(item["count"] * abs(item["confidence"] - item["accuracy"]) for item in bins)
    return {"bins": bins, "expected_error": gap / len(targets)}


def _per_class(
    targets: np.ndarray, predicted: np.ndarray, class_names: Sequence[str]
) -> list[dict[str, Any]]:
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        targets, predicted, labels=np.arange(len(class_names)), zero_division=0
    )
    return [
        {
            "name": name,
            "precision": float(precision[index]),
            "recall": float(recall[index]),
            "f1": float(f1[index]),
            "support": int(support[index]),
        }
        for index, name in enumerate(class_names)
    ]
