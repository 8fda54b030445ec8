"""Evaluating a trained model on held-out data, beside the simplest guess that needs no model."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from sklearn import metrics

from builder.data.prepare import Prepared
from builder.data.spec import DataSpec
from builder.errors import stop
from builder.explain.scores import classification_scores
from builder.outputs import output_activation, predict_arrays
from builder.probabilities import probabilities

MAXIMUM_POINTS = 500
WORST = 20
_HISTOGRAM_BINS = 30


def evaluate(model: keras.Model, prepared: Prepared, part: str = "test") -> dict[str, Any]:
    """Return how well a model does on one part of the data.

    Args:
        model: a model whose inputs are named like the prepared arrays.
        prepared: the data.
        part: ``"train"``, ``"validation"`` or ``"test"``.

    Returns:
        JSON-ready data: ``task``, ``part``, ``rows``, ``baseline`` (the score of always giving the
        training part's most frequent class, or its mean), ``learned`` (whether the model beats it) and
        the scores of the task. Rows in ``worst_errors`` are row numbers of the prepared data.

    Raises:
        BuilderError: where the part is empty or the model's output is not a number or of a wrong shape.
    """
    rows = np.asarray(prepared.indices[part])
    if len(rows) == 0:
        raise stop("empty_part", f"The {part} part has no rows to evaluate on. Raise its share in the split.")
    outputs = predict_arrays(model, prepared.arrays, rows)
    check_outputs(outputs, prepared.spec)
    targets = np.asarray(prepared.targets[rows])
    training = np.asarray(prepared.targets[prepared.indices["train"]])
    if prepared.spec.task == "classification":
        scores = _classification(model, outputs, targets, training, rows, prepared.spec.class_names)
    else:
        scores = _regression(outputs[:, 0], targets, training, rows)
    return {"task": prepared.spec.task, "part": part, "rows": len(rows), **scores}


def check_outputs(outputs: np.ndarray, spec: DataSpec) -> None:
    """Raise BuilderError where outputs are not finite or do not fit the task.

    Args:
        outputs: what the model gave, first axis the samples.
        spec: the data's description.
    """
    wanted = {spec.class_count, 1} if spec.class_count == 2 else {max(spec.class_count, 1)}
    if outputs.ndim != 2 or outputs.shape[1] not in wanted:
        message = (
            f"The model gives {' x '.join(str(size) for size in outputs.shape[1:])} numbers a sample, but "
            f"this data needs {' or '.join(str(count) for count in sorted(wanted))}. End the model in a "
            f"{spec.task} head with its units left on 'auto'."
        )
        raise stop("wrong_output", message)
    bad = int(np.sum(~np.isfinite(outputs).all(axis=1)))
    if bad:
        message = (
            f"The model's answer is not a number (NaN or infinite) for {bad} of {len(outputs)} samples. "
            "This happens when training diverged: lower the learning rate, or set a limit on the gradient's "
            "length (clip_norm), and train again."
        )
        raise stop("not_a_number", message)


def _classification(
    model: keras.Model,
    outputs: np.ndarray,
    targets: np.ndarray,
    training: np.ndarray,
    rows: np.ndarray,
    class_names: tuple[str, ...],
) -> dict[str, Any]:
    chances = probabilities(outputs, output_activation(model))
    scores = classification_scores(chances, targets, class_names)
    majority = int(np.bincount(training, minlength=len(class_names)).argmax())
    share = float(np.mean(targets == majority))
    return {
        **scores,
        "class_names": list(class_names),
        "baseline": {"rule": f"always '{class_names[majority]}'", "accuracy": share},
        "learned": scores["accuracy"] > share,
        "worst_errors": _worst_errors(chances, targets, rows, class_names),
        "confident_errors": _confident_errors(chances, targets, rows, class_names),
    }


def _worst_errors(
    chances: np.ndarray, targets: np.ndarray, rows: np.ndarray, names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return the errors in which the true class got the least probability."""
    wrong = np.flatnonzero(chances.argmax(axis=1) != targets)
    order = np.argsort(chances[wrong, targets[wrong]], kind="stable")
    return [_error(index, chances, targets, rows, names) for index in wrong[order][:WORST]]


def _confident_errors(
    chances: np.ndarray, targets: np.ndarray, rows: np.ndarray, names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return the errors in which the model was surest of itself."""
    wrong = np.flatnonzero(chances.argmax(axis=1) != targets)
    order = np.argsort(-chances[wrong].max(axis=1), kind="stable")
    return [_error(index, chances, targets, rows, names) for index in wrong[order][:WORST]]


def _error(
    index: int, chances: np.ndarray, targets: np.ndarray, rows: np.ndarray, names: tuple[str, ...]
) -> dict[str, Any]:
    predicted = int(chances[index].argmax())
    return {
        "row": int(rows[index]),
        "true": names[targets[index]],
        "predicted": names[predicted],
        "confidence": float(chances[index, predicted]),
        "true_probability": float(chances[index, targets[index]]),
    }


def _regression(
    predicted: np.ndarray, targets: np.ndarray, training: np.ndarray, rows: np.ndarray
) -> dict[str, Any]:
    predicted, targets = predicted.astype(np.float64), targets.astype(np.float64)
    residuals = predicted - targets
    error = float(np.abs(residuals).mean())
    guess = float(np.mean(training, dtype=np.float64))
    simple = np.abs(targets - guess)
    counts, edges = np.histogram(residuals, bins=_HISTOGRAM_BINS)
    chosen = np.unique(np.linspace(0, len(rows) - 1, MAXIMUM_POINTS).astype(int))
    worst = np.argsort(-np.abs(residuals), kind="stable")[:WORST]
    return {
        "mean_absolute_error": error,
        "root_mean_squared_error": float(np.sqrt(np.mean(residuals**2))),
        "r2": float(metrics.r2_score(targets, predicted)) if len(targets) > 1 else None,
        "baseline": {
            "rule": f"always {guess:.4g}, the mean",
            "value": guess,
            "mean_absolute_error": float(simple.mean()),
            "root_mean_squared_error": float(np.sqrt(np.mean(simple**2))),
        },
        "learned": error < float(simple.mean()),
        "residual_histogram": {"counts": counts.tolist(), "edges": edges.tolist()},
        "points": [_point(index, predicted, targets, rows) for index in chosen],
        "worst_errors": [_point(index, predicted, targets, rows) for index in worst],
    }


def _point(index: int, predicted: np.ndarray, targets: np.ndarray, rows: np.ndarray) -> dict[str, Any]:
    return {"row": int(rows[index]), "true": float(targets[index]), "predicted": float(predicted[index])}
