"""Scores of an anomaly detection: how well the error of giving a row back tells normal from unusual ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from sklearn import metrics

from builder.data.given_back import mean_squares
from builder.data.prepare import Prepared
from builder.data.reconstruction import ANOMALIES_FILE
from builder.data.some_rows import some_of
from builder.explain.answers import check_outputs
from builder.explain.worst import WORST
from builder.outputs import predict_arrays

_BINS = 40
_ROWS = 1_000


def errors_of(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    """Return the mean squared error of every row's reconstruction, shape (rows,)."""

    def given_back(some: np.ndarray) -> np.ndarray:
        outputs = predict_arrays(model, prepared.arrays, some)
        check_outputs(outputs, prepared.spec)
        return outputs

    return _distances(prepared, rows, given_back)


def anomaly_scores(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return how well a model's errors tell anomalies, beside the distance from the average row.

    A row is called an anomaly where its error is above the chosen quantile of the validation part's errors,
    which are all of normal rows.

    Returns:
        JSON-ready data: ``roc_auc`` (None where the rows are all of one kind), ``threshold``, ``precision``,
        ``recall`` and ``f1`` at it, ``histogram`` (edges, and counts of normal rows and of anomalies) and
        ``worst_errors``, the rows that are most on the wrong side.
    """
    quantile = prepared.spec.anomaly["quantile"]
    checked = errors_of(model, prepared, np.asarray(prepared.indices["validation"]))
    threshold = float(np.quantile(checked, quantile))
    scores = errors_of(model, prepared, rows)
    truth = np.load(prepared.folder / ANOMALIES_FILE, mmap_mode="r")[rows].astype(bool)
    called = scores > threshold
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, called, average="binary", zero_division=0
    )
    learned_from = prepared.targets[some_of(prepared.indices["train"], _ROWS)]
    average = learned_from.mean(axis=0)
    distance = _distances(prepared, rows, lambda some: average)
    area, simple = _area(truth, scores), _area(truth, distance)
    return {
        "roc_auc": area,
        "threshold": threshold,
        "quantile": quantile,
        "normal": prepared.spec.anomaly["normal"],
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "false_alarms": float(called[~truth].mean()) if (~truth).any() else None,
        "histogram": _histogram(scores, truth),
        "baseline": {"rule": "the distance from the average row", "roc_auc": simple},
        "learned": area is None or (simple is not None and area > max(simple, 0.5)),
        "worst_errors": _worst(scores, threshold, truth, called, rows),
    }


def _distances(prepared: Prepared, rows: np.ndarray, guess: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return the mean squared distance of every row from a guess, shape (rows,), some rows at a time."""
    pieces = [rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS)]
    return np.concatenate([mean_squares(guess(some) - prepared.targets[some]) for some in pieces])


def _area(truth: np.ndarray, scores: np.ndarray) -> float | None:
    return float(metrics.roc_auc_score(truth, scores)) if 0 < truth.sum() < len(truth) else None


def _histogram(scores: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    # On a logarithmic scale: anomalies may be a hundred times as far off.
    smallest = max(float(scores.min()), 1e-9)
    edges = np.geomspace(smallest, max(float(scores.max()), smallest * 10), _BINS + 1)
    counts = {
        name: np.histogram(np.clip(scores[chosen], edges[0], edges[-1]), edges)[0].tolist()
        for name, chosen in (("normal", ~truth), ("anomalies", truth))
    }
    return {"edges": edges.tolist(), **counts}


def _worst(
    scores: np.ndarray, threshold: float, truth: np.ndarray, called: np.ndarray, rows: np.ndarray
) -> list[dict[str, Any]]:
    wrong = np.flatnonzero(truth != called)
    order = wrong[np.argsort(-np.abs(np.log((scores[wrong] + 1e-12) / threshold)), kind="stable")]
    words = {True: "an anomaly", False: "normal"}
    return [
        {
            "row": int(rows[index]),
            "true": words[bool(truth[index])],
            "predicted": words[bool(called[index])],
        }
        for index in order[:WORST]
    ]
