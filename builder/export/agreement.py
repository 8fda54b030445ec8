"""How far an export's answers are from the Keras model's, on samples that neither was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from builder.data.spec import IGNORED, DataSpec
from builder.data.transcripts import text_of_indices
from builder.decoding import character_error_rate, decoded
from builder.detections import SHOWN_FROM, detections, matched, mean_average_precision
from builder.errors import stop
from builder.probabilities import label_chances, probabilities
from builder.tasks import TASKS

# Below these shares an export is called "differs"; rounding weights costs a little.
_ENOUGH = {False: 0.99, True: 0.95}
_ENOUGH_BOXES = {False: 0.99, True: 0.9}
_SAME_PLACE = 0.8
_ENOUGH_R2 = {False: 0.999, True: 0.98}
# What "agreement" is the share of.
_SAME_CLASS = "same class"
_SAME_LABELS = "same answers, label by label"
_SAME_TEXT = "same text"
_SAME_BOXES = "boxes that both find, overlapping by 80 %"
_NEAR = "within 1 % of the target's standard deviation"
_DIFFERENCES = {
    _SAME_CLASS: "Gives another class than the Keras model for {share:.1%} of the answers.",
    _SAME_LABELS: "Answers otherwise than the Keras model for {share:.1%} of the labels of all samples.",
    _SAME_TEXT: "Writes another text than the Keras model for {share:.1%} of the recordings.",
    _SAME_BOXES: "{share:.1%} of the boxes are not the Keras model's.",
    _NEAR: "{share:.1%} of the values are off by more than 1 % of the target's spread.",
}
# A share below is written as 0.0 %.
_NOTHING = 0.0005


def compare(
    reference: np.ndarray,
    outputs: np.ndarray,
    targets: np.ndarray,
    spec: DataSpec,
    activation: str,
    quantized: bool,
) -> dict[str, Any]:
    """Return the agreement of an export with the Keras model, and the scores of both.

    Args:
        reference: the Keras model's outputs, of shape ``(samples, …, units)``.
        outputs: the export's outputs, of the same shape.
        targets: class indices or values, of shape ``(samples, *target_shape)``.
        spec: the data's description.
        activation: the model's last activation.
        quantized: whether the format rounds weights.

    Returns:
        ``agreement`` (0 to 1: share of equal classes, or of values within 1 % of the target's standard
        deviation), ``largest_difference`` (of probabilities, or in the target's unit), ``metric``,
        ``metric_export``, ``metric_keras``, and ``status``, ``"verified"`` or ``"differs"``.

    Raises:
        BuilderError: where the export's outputs are no numbers or have another shape.
    """
    if outputs.shape != reference.shape or not np.isfinite(outputs).all():
        raise stop("wrong_answers", "The exported file runs, but its answers are not numbers. Do not use it.")
    if spec.predicts_boxes:
        return _compare_boxes(reference, outputs, targets, spec, quantized)
    if spec.predicts_numbers:
        # What a generator makes of noise has no target but what it made before.
        wanted = reference if spec.task == "generation" else targets.reshape(reference.shape)
        return _compare_values(reference, outputs, wanted, spec, quantized)
    if spec.predicts_labels:
        return _compare_labels(reference, outputs, targets, activation, quantized)
    if TASKS[spec.task].padded:
        # What the model says where nothing is wanted is of no use to anybody.
        counted = targets != 0
        reference, outputs, targets = reference[counted], outputs[counted], targets[counted]
    ours, theirs = probabilities(reference, activation), probabilities(outputs, activation)
    if spec.task == "transcription":
        return _compare_texts(ours, theirs, targets, spec, quantized)
    own, other = ours.argmax(axis=-1), theirs.argmax(axis=-1)
    if spec.has_places:
        # Padding and what was marked to be left out has no answer to agree on.
        counted = targets != IGNORED
        own, other, targets = own[counted], other[counted], targets[counted]
    equal = float(np.mean(own == other))
    return {
        "agreement": equal,
        "agreement_measure": _SAME_CLASS,
        "largest_difference": float(np.abs(ours - theirs).max()),
        "metric": "accuracy",
        "metric_export": float(np.mean(other == targets)),
        "metric_keras": float(np.mean(own == targets)),
        "status": "verified" if equal >= _ENOUGH[quantized] else "differs",
    }


def _compare_texts(
    ours: np.ndarray, theirs: np.ndarray, targets: np.ndarray, spec: DataSpec, quantized: bool
) -> dict[str, Any]:
    characters = spec.class_names
    true = [text_of_indices(row, characters) for row in targets]
    keras_texts, texts = decoded(ours, characters), decoded(theirs, characters)
    equal = float(np.mean([a == b for a, b in zip(keras_texts, texts, strict=True)]))
    return {
        "agreement": equal,
        "agreement_measure": _SAME_TEXT,
        "largest_difference": float(np.abs(ours - theirs).max()),
        "metric": "character_error_rate",
        "metric_export": character_error_rate(texts, true),
        "metric_keras": character_error_rate(keras_texts, true),
        "status": "verified" if equal >= _ENOUGH[quantized] else "differs",
    }


def _compare_labels(
    reference: np.ndarray, outputs: np.ndarray, targets: np.ndarray, activation: str, quantized: bool
) -> dict[str, Any]:
    ours, theirs = label_chances(reference, activation), label_chances(outputs, activation)
    equal = float(np.mean((ours > 0.5) == (theirs > 0.5)))
    return {
        "agreement": equal,
        "agreement_measure": _SAME_LABELS,
        "largest_difference": float(np.abs(ours - theirs).max()),
        "metric": "label_accuracy",
        "metric_export": float(np.mean((theirs > 0.5) == (targets > 0))),
        "metric_keras": float(np.mean((ours > 0.5) == (targets > 0))),
        "status": "verified" if equal >= _ENOUGH[quantized] else "differs",
    }


def _compare_boxes(
    reference: np.ndarray, outputs: np.ndarray, targets: np.ndarray, spec: DataSpec, quantized: bool
) -> dict[str, Any]:
    """An answer agrees where both find a box of the same class in nearly the same place."""
    ours, theirs = [[detections(output) for output in both] for both in (reference, outputs)]
    same, total = 0, 0
    for own, other in zip(ours, theirs, strict=True):
        shown, found = own.above(SHOWN_FROM), other.above(SHOWN_FROM)
        same += 2 * int((matched(found, shown.classes, shown.boxes, _SAME_PLACE) >= 0).sum())
        total += len(shown.classes) + len(found.classes)
    agreement = same / total if total else 1.0
    return {
        "agreement": agreement,
        "agreement_measure": _SAME_BOXES,
        "largest_difference": float(np.abs(outputs.astype(np.float64) - reference).max()),
        "metric": "mean_average_precision",
        "metric_export": mean_average_precision(theirs, targets, spec.class_count)[0],
        "metric_keras": mean_average_precision(ours, targets, spec.class_count)[0],
        "status": "verified" if agreement >= _ENOUGH_BOXES[quantized] else "differs",
    }


def _compare_values(
    reference: np.ndarray, outputs: np.ndarray, targets: np.ndarray, spec: DataSpec, quantized: bool
) -> dict[str, Any]:
    difference = np.abs(outputs.astype(np.float64) - reference)
    spread = float(np.var(reference, dtype=np.float64)) or 1.0
    r2 = 1.0 - float(np.mean(difference**2)) / spread
    return {
        "agreement": float(np.mean(difference <= 0.01 * spec.target_variance**0.5)),
        "agreement_measure": _NEAR,
        "agreement_r2": r2,
        "largest_difference": float(difference.max()),
        "metric": "mean_absolute_error",
        "metric_export": float(np.abs(outputs - targets).mean(dtype=np.float64)),
        "metric_keras": float(np.abs(reference - targets).mean(dtype=np.float64)),
        "status": "verified" if r2 >= _ENOUGH_R2[quantized] else "differs",
    }


def difference_note(compared: Mapping[str, Mapping[str, Any]], is_rounded: bool = False) -> str:
    """Return in words where an export differs most from the Keras model; nothing where it agrees.

    Args:
        compared: what ``compare`` found, by the names of the targets.
        is_rounded: whether the export is a quantized TFLite file, of which more can be found out.
    """
    differing = {name: row for name, row in compared.items() if row["status"] == "differs"}
    if not differing:
        return ""
    worst = min(differing, key=lambda name: float(differing[name]["agreement"]))
    where = f"For the target '{worst}': " if len(compared) > 1 else ""
    advice = "Prefer another format."
    if is_rounded:
        advice = (
            "Measure what the files are worth, which names the parts to keep in floats, or prefer another."
        )
    return f"{where}{_difference(differing[worst])} {advice}"


def _difference(row: Mapping[str, Any]) -> str:
    share = 1 - row["agreement"]
    if row["agreement_measure"] == _NEAR and share < _NOTHING:
        return (
            "The Keras model's values hardly differ from sample to sample, and these follow only roughly "
            f"(R² {row['agreement_r2']:.3f}, 1 is exact)."
        )
    return _DIFFERENCES[row["agreement_measure"]].format(share=share)
