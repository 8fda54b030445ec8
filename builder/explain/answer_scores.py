"""How good the answers to some rows are: one number for all, and whether each row is answered badly."""

from __future__ import annotations

import numpy as np
from sklearn import metrics

from builder.data.labels import label_words
from builder.data.spec import DataSpec
from builder.errors import stop
from builder.explain.label_scores import THRESHOLD
from builder.explain.rank_scores import poisson_deviance
from builder.explanation_methods import EXPLAINED_TASKS
from builder.probabilities import label_chances, probabilities
from builder.scores import number_words

# Of answers in numbers, the worst quarter counts as bad.
BAD_SHARE = 0.25
_SMALLEST = 1e-7


def check_explained(spec: DataSpec, what: str) -> None:
    """Raise BuilderError where a task's answers are no class, labels or numbers of whole rows.

    Args:
        spec: the data's description.
        what: what was asked for, at the beginning of a sentence.
    """
    if spec.task not in EXPLAINED_TASKS:
        message = (
            f"{what} is there for answers that are a class, labels or a number; this model gives something "
            "else. Its Results page shows what is known of its errors."
        )
        raise stop("not_explained", message)


def task_score(outputs: np.ndarray, targets: np.ndarray, spec: DataSpec, activation: str) -> float:
    """Return the score that stands for a task: accuracy, F1, mean absolute error or Poisson deviance.

    Args:
        outputs: what the model gave, first axis the rows.
        targets: what is right, first axis the rows.
        spec: the description of one target's data.
        activation: the name from ``builder.outputs.output_activation``.
    """
    if spec.task == "multi_label":
        given = label_chances(outputs, activation) > THRESHOLD
        return float(metrics.f1_score(targets > 0, given, average="micro", zero_division=0))
    if spec.task == "count":
        return poisson_deviance(targets, outputs[:, 0])
    if spec.predicts_numbers:
        truth = targets if targets.ndim == 2 else targets[:, None]
        return float(np.abs(outputs.astype(np.float64) - truth).mean())
    said = probabilities(outputs, activation).argmax(axis=1)
    if spec.task == "ordinal":
        return float(np.abs(said - targets).mean())
    return float(np.mean(said == targets))


def row_losses(outputs: np.ndarray, targets: np.ndarray, spec: DataSpec, activation: str) -> np.ndarray:
    """Return how bad each answer is, (rows,): the cross-entropy in nats, or the mean absolute error."""
    if spec.predicts_numbers:
        truth = targets if targets.ndim == 2 else targets[:, None]
        return np.abs(outputs.astype(np.float64) - truth).mean(axis=1)
    if spec.task == "multi_label":
        chances = label_chances(outputs, activation)
        own = np.where(targets > 0, chances, 1 - chances)
        return -np.log(np.clip(own, _SMALLEST, 1)).mean(axis=1)
    chances = probabilities(outputs, activation)
    return -np.log(np.clip(chances[np.arange(len(targets)), targets], _SMALLEST, 1))


def bad_answers(outputs: np.ndarray, targets: np.ndarray, spec: DataSpec, activation: str) -> np.ndarray:
    """Return whether each row is answered badly, (rows,).

    A class is bad where it is wrong, labels where one of them is; of numbers the worst quarter is.
    """
    if spec.predicts_numbers:
        losses = row_losses(outputs, targets, spec, activation)
        return losses > np.quantile(losses, 1 - BAD_SHARE)
    if spec.task == "multi_label":
        return ((label_chances(outputs, activation) > THRESHOLD) != (targets > 0)).any(axis=1)
    return probabilities(outputs, activation).argmax(axis=1) != targets


def answer_words(
    outputs: np.ndarray, targets: np.ndarray, spec: DataSpec, activation: str
) -> list[dict[str, str]]:
    """Return what is right and what the model said for each row, in words."""
    if spec.predicts_numbers:
        truth = (targets if targets.ndim == 2 else targets[:, None])[:, 0]
        pairs = zip(truth.tolist(), outputs[:, 0].tolist(), strict=True)
        return [
            {"true": number_words(float(true)), "predicted": number_words(float(said))}
            for true, said in pairs
        ]
    names = spec.class_names
    if spec.task == "multi_label":
        given = label_chances(outputs, activation) > THRESHOLD
        return [
            {"true": label_words(true, names), "predicted": label_words(said, names)}
            for true, said in zip(targets > 0, given, strict=True)
        ]
    said = probabilities(outputs, activation).argmax(axis=1)
    return [
        {"true": names[true], "predicted": names[guess]}
        for true, guess in zip(targets.tolist(), said.tolist(), strict=True)
    ]
