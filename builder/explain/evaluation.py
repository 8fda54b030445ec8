"""Evaluating a trained model on held-out data, beside the simplest guess that needs no model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
from sklearn import metrics

from builder.adversarial.model import kept_part
from builder.data.blank import blank
from builder.data.prepare import Prepared
from builder.data.some_rows import spread
from builder.errors import stop
from builder.explain.anomaly_scores import anomaly_scores
from builder.explain.answers import check_outputs
from builder.explain.box_scores import box_scores
from builder.explain.cells import cells
from builder.explain.forecast_scores import forecast_scores
from builder.explain.generation_scores import generation_scores
from builder.explain.label_scores import label_scores
from builder.explain.language_scores import language_scores
from builder.explain.mask_scores import mask_scores
from builder.explain.masked_scores import masked_scores
from builder.explain.pair_scores import pair_scores
from builder.explain.rank_scores import poisson_deviance, rank_scores
from builder.explain.scores import classification_scores
from builder.explain.token_scores import token_scores
from builder.explain.transcription import transcription_scores
from builder.explain.worst import WORST, point, worst_points
from builder.outputs import each_output, output_activation, predict_arrays
from builder.probabilities import label_chances, probabilities
from builder.scores import number_words
from builder.tasks import TASKS

MAXIMUM_POINTS = 500
_HISTOGRAM_BINS = 30
# The tasks whose outputs are too many to be held at once.
_OF_PLACES = {
    "language_model": language_scores,
    "masked_language_model": masked_scores,
    "text_to_text": pair_scores,
    "reconstruction": anomaly_scores,
    "token_classification": token_scores,
    "segmentation": mask_scores,
    "detection": box_scores,
    "generation": generation_scores,
    "transcription": transcription_scores,
}


def evaluate(model: keras.Model, prepared: Prepared, part: str = "test") -> dict[str, Any]:
    """Return how well a model does on one part of the data.

    Args:
        model: a model whose inputs are named like the prepared arrays, or an adversarial pair.
        prepared: the data.
        part: ``"train"``, ``"validation"`` or ``"test"``.

    Returns:
        JSON-ready data: ``task``, ``part``, ``rows``, ``baseline`` (the score of always giving the
        training part's most frequent class, or its mean), ``learned`` (whether the model beats it) and
        the scores of the task. Rows in ``worst_errors`` are row numbers of the prepared data. Where the data
        have further targets, ``target`` names the first one, and ``further`` has the same for each of them.
        Where a model has several inputs, ``without`` has the task's score without each of them, by name.

    Raises:
        BuilderError: where the part is empty or the model's output is not a number or of a wrong shape.
    """
    model, rows = kept_part(model), np.asarray(prepared.indices[part])
    if len(rows) == 0:
        raise stop("empty_part", f"The {part} part has no rows to evaluate on. Raise its share in the split.")
    first, *further = (
        {
            "task": one.spec.task,
            "part": part,
            "rows": len(rows),
            **scores(single, one, rows),
            **_without(single, one, rows),
        }
        for single, one in zip(each_output(model), prepared.each_target, strict=True)
    )
    names = [target.name for target in prepared.spec.further_targets]
    told = [{"target": name, **report} for name, report in zip(names, further, strict=True)]
    return {**first, "target": prepared.spec.target_name, "further": told} if told else first


def _without(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return the task's score where one input after the other is not there."""
    # A decoder that is not told what it has written has no answers to score.
    if len(prepared.spec.inputs) < 2 or TASKS[prepared.spec.task].predicts_tokens:
        return {}
    metric = TASKS[prepared.spec.task].metric
    left = {}
    for item in prepared.spec.inputs:
        gone = {
            name: np.broadcast_to(row, (len(prepared.arrays[name]), *row.shape))
            for name, row in blank(item).items()
        }
        lacking = replace(prepared, arrays={**prepared.arrays, **gone})
        left[item.name] = scores(model, lacking, rows)[metric]
    return {"without": left}


def scores(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return the scores of the task on some rows, for a model with one output."""
    if prepared.spec.task in _OF_PLACES:
        return _OF_PLACES[prepared.spec.task](model, prepared, rows)
    outputs = predict_arrays(model, prepared.arrays, rows)
    check_outputs(outputs, prepared.spec)
    if prepared.spec.task == "forecasting":
        return forecast_scores(outputs, prepared, rows)
    targets = np.asarray(prepared.targets[rows])
    training = np.asarray(prepared.targets[prepared.indices["train"]])
    names = prepared.spec.class_names
    if prepared.spec.predicts_labels:
        activation = output_activation(model)
        tuned = _validated_labels(model, prepared, activation)
        chances = label_chances(outputs, activation)
        return label_scores(chances, targets, training, rows, names, tuned)
    if prepared.spec.task == "ordinal":
        chances = probabilities(outputs, output_activation(model))
        as_classes = _classification(model, outputs, targets, training, rows, names)
        return {**as_classes, **rank_scores(chances, targets, training, names)}
    if prepared.spec.task == "classification":
        return _classification(model, outputs, targets, training, rows, prepared.spec.class_names)
    scores = _regression(outputs[:, 0], targets, training, rows)
    return _with_deviance(scores, outputs[:, 0], targets) if prepared.spec.task == "count" else scores


def _validated_labels(
    model: keras.Model, prepared: Prepared, activation: str
) -> tuple[np.ndarray, np.ndarray] | None:
    rows = np.asarray(prepared.indices["validation"])
    if not len(rows):
        return None
    outputs = predict_arrays(model, prepared.arrays, rows)
    return label_chances(outputs, activation), np.asarray(prepared.targets[rows])


def _with_deviance(scores: dict[str, Any], predicted: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    """Return the scores of a regression with the deviance of counts, which tells whether it learned."""
    mean = np.full(len(targets), scores["baseline"]["value"])
    deviance, simple = poisson_deviance(targets, predicted), poisson_deviance(targets, mean)
    baseline = {**scores["baseline"], "poisson_deviance": simple}
    return {**scores, "poisson_deviance": deviance, "baseline": baseline, "learned": deviance < simple}


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
        "cells": cells(chances, targets, rows, class_names),
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
    return {
        "mean_absolute_error": error,
        "root_mean_squared_error": float(np.sqrt(np.mean(residuals**2))),
        "r2": float(metrics.r2_score(targets, predicted)) if len(targets) > 1 else None,
        "baseline": {
            "rule": f"always {number_words(guess)}, the mean",
            "value": guess,
            "mean_absolute_error": float(simple.mean()),
            "root_mean_squared_error": float(np.sqrt(np.mean(simple**2))),
        },
        "learned": error < float(simple.mean()),
        "residual_histogram": {"counts": counts.tolist(), "edges": edges.tolist()},
        "points": [point(index, predicted, targets, rows) for index in spread(len(rows), MAXIMUM_POINTS)],
        "worst_errors": worst_points(predicted, targets, np.abs(residuals), rows),
    }
