"""How far an export's answers are from the Keras model's, on samples that neither was trained on."""

from __future__ import annotations

from typing import Any

import numpy as np

from builder.data.spec import DataSpec
from builder.errors import stop
from builder.probabilities import probabilities

# Below these shares an export is called "differs"; rounding weights costs a little.
_ENOUGH = {False: 0.99, True: 0.95}
_ENOUGH_R2 = {False: 0.999, True: 0.98}


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
        reference: the Keras model's outputs, of shape ``(samples, units)``.
        outputs: the export's outputs, of the same shape.
        targets: class indices or values, of shape ``(samples,)``.
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
    if spec.task == "regression":
        return _compare_values(reference[:, 0], outputs[:, 0], targets, spec, quantized)
    ours, theirs = probabilities(reference, activation), probabilities(outputs, activation)
    equal = float(np.mean(ours.argmax(axis=1) == theirs.argmax(axis=1)))
    return {
        "agreement": equal,
        "agreement_measure": "same class",
        "largest_difference": float(np.abs(ours - theirs).max()),
        "metric": "accuracy",
        "metric_export": float(np.mean(theirs.argmax(axis=1) == targets)),
        "metric_keras": float(np.mean(ours.argmax(axis=1) == targets)),
        "status": "verified" if equal >= _ENOUGH[quantized] else "differs",
    }


def _compare_values(
    reference: np.ndarray, outputs: np.ndarray, targets: np.ndarray, spec: DataSpec, quantized: bool
) -> dict[str, Any]:
    difference = np.abs(outputs.astype(np.float64) - reference)
    spread = float(np.var(reference, dtype=np.float64)) or 1.0
    r2 = 1.0 - float(np.mean(difference**2)) / spread
    return {
        "agreement": float(np.mean(difference <= 0.01 * spec.target_variance**0.5)),
        "agreement_measure": "within 1 % of the target's standard deviation",
        "agreement_r2": r2,
        "largest_difference": float(difference.max()),
        "metric": "mean_absolute_error",
        "metric_export": float(np.abs(outputs - targets).mean(dtype=np.float64)),
        "metric_keras": float(np.abs(reference - targets).mean(dtype=np.float64)),
        "status": "verified" if r2 >= _ENOUGH_R2[quantized] else "differs",
    }
