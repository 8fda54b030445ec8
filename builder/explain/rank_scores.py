"""Scores of ranks and of counts, beside the simplest rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn import metrics

_SMALLEST = 1e-9


def rank_scores(
    chances: np.ndarray, targets: np.ndarray, training: np.ndarray, names: Sequence[str]
) -> dict[str, Any]:
    """Return how far the likeliest rank is from the true one, on the average.

    Args:
        chances: the probability of every rank, of shape ``(rows, ranks)``.
        targets: the true ranks, from 0.
        training: those of the training part; their median is the simplest rule.
        names: the ranks' names, from the lowest.

    Returns:
        JSON-ready data: ``mean_absolute_error`` in ranks; ``quadratic_weighted_kappa``, the agreement beyond
        chance, where an error counts by its square (1 is perfect, 0 is chance); ``baseline``; ``learned``.

    Reference: Cohen, Weighted kappa (1968).
    """
    predicted = chances.argmax(axis=1)
    middle = int(np.median(training))
    error = float(np.abs(predicted - targets).mean())
    simple = float(np.abs(middle - targets).mean())
    kappa = metrics.cohen_kappa_score(targets, predicted, weights="quadratic", labels=np.arange(len(names)))
    return {
        "mean_absolute_error": error,
        "quadratic_weighted_kappa": float(np.nan_to_num(kappa)),
        "baseline": {"rule": f"always '{names[middle]}', the median", "mean_absolute_error": simple},
        "learned": error < simple,
    }


def poisson_deviance(targets: np.ndarray, predicted: np.ndarray) -> float:
    """Return the mean Poisson deviance of expected counts; 0 is perfect.

    Reference: McCullagh and Nelder, Generalized Linear Models (1989), section 2.3.
    """
    truth = targets.astype(np.float64)
    expected = np.maximum(predicted.astype(np.float64), _SMALLEST)
    logs = np.where(truth > 0, truth * np.log(np.maximum(truth, _SMALLEST) / expected), 0.0)
    return float(2 * np.mean(logs - truth + expected))
