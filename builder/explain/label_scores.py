"""Scores where any number of labels may be right: F1 over all and label by label, and thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn import metrics

from builder.data.labels import label_words
from builder.explain.curves import class_curves
from builder.explain.worst import WORST
from builder.probabilities import THRESHOLD

_SMALLEST = 1e-7
_STEPS = np.linspace(0.05, 0.95, 19)


def label_scores(
    chances: np.ndarray,
    targets: np.ndarray,
    training: np.ndarray,
    rows: np.ndarray,
    names: Sequence[str],
    tuned: tuple[np.ndarray, np.ndarray] | None,
) -> dict[str, Any]:
    """Return how well labels are found, beside always giving those that most training rows have.

    Args:
        chances: the probability of every label, of shape ``(rows, labels)``.
        targets: 1 for every label of a row, else 0, of the same shape.
        training: the training part's targets.
        rows: the rows' numbers in the prepared data.
        names: the labels.
        tuned: probabilities and targets of the validation part, from which each label's best threshold is
            chosen; None where that part is empty.

    Returns:
        JSON-ready data: ``micro_f1`` (over all answers), ``macro_f1`` (mean over the labels),
        ``subset_accuracy`` (rows with every label right), ``loss`` (mean binary cross-entropy), ``classes``
        (precision, recall, f1 and support of each label at 0.5; ``threshold``, the best one on the validation
        part, and ``f1_at_threshold`` with it), ``curves`` (see ``class_curves``) and ``worst_errors``.

    Reference: Tsoumakas, Katakis and Vlahavas, Mining Multi-label Data (2010).
    """
    truth, answers = targets > 0, chances > THRESHOLD
    common = training.mean(axis=0) > THRESHOLD
    if not common.any():
        common[training.sum(axis=0).argmax()] = True
    simple = np.broadcast_to(common, truth.shape)
    best = np.full(len(names), THRESHOLD) if tuned is None else best_thresholds(*tuned)
    score, simple_score = _f1(truth, answers), _f1(truth, simple)
    rule = f"always {', '.join(f'{name!r}' for name, wanted in zip(names, common, strict=True) if wanted)}"
    return {
        "micro_f1": score,
        "macro_f1": _f1(truth, answers, "macro"),
        "subset_accuracy": float((truth == answers).all(axis=1).mean()),
        "loss": float(_losses(chances, truth).mean()),
        "class_names": list(names),
        "classes": _per_label(truth, chances, names, best),
        "curves": class_curves(chances, truth, names),
        "micro_f1_at_thresholds": _f1(truth, chances > best),
        "baseline": {"rule": rule, "micro_f1": simple_score},
        "learned": score > simple_score,
        "worst_errors": _worst(chances, truth, answers, rows, names),
    }


def best_thresholds(chances: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return for each label the threshold with the best F1; 0.5 where no threshold is better."""
    found = []
    for own, truth in zip(chances.T, targets.T > 0, strict=True):
        scores = [metrics.f1_score(truth, own > step, zero_division=0) for step in _STEPS]
        middle = metrics.f1_score(truth, own > THRESHOLD, zero_division=0)
        best = int(np.argmax(scores))
        found.append(_STEPS[best] if scores[best] > middle else THRESHOLD)
    return np.round(found, 2)


def _f1(truth: np.ndarray, answers: np.ndarray, average: str = "micro") -> float:
    return float(metrics.f1_score(truth, answers, average=average, zero_division=0))


def _losses(chances: np.ndarray, truth: np.ndarray) -> np.ndarray:
    own = np.where(truth, chances, 1 - chances)
    return -np.log(np.clip(own, _SMALLEST, 1)).mean(axis=1)


def _per_label(
    truth: np.ndarray, chances: np.ndarray, names: Sequence[str], best: np.ndarray
) -> list[dict[str, Any]]:
    rows = []
    for place, name in enumerate(names):
        right, own = truth[:, place], chances[:, place]
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            right, own > THRESHOLD, average="binary", zero_division=0
        )
        rows.append(
            {
                "name": name,
                "precision": float(precision),
                "recall": float(recall),
                "f1": float(f1),
                "support": int(right.sum()),
                "threshold": float(best[place]),
                "f1_at_threshold": float(metrics.f1_score(right, own > best[place], zero_division=0)),
            }
        )
    return rows


def _worst(
    chances: np.ndarray, truth: np.ndarray, answers: np.ndarray, rows: np.ndarray, names: Sequence[str]
) -> list[dict[str, Any]]:
    wrong = np.flatnonzero((truth != answers).any(axis=1))
    order = wrong[np.argsort(-_losses(chances, truth)[wrong], kind="stable")]
    return [
        {
            "row": int(rows[index]),
            "true": label_words(truth[index], names),
            "predicted": label_words(answers[index], names),
        }
        for index in order[:WORST]
    ]
