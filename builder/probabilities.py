"""Class probabilities from a classifier's outputs, for every kind of last layer. Plain NumPy."""

from __future__ import annotations

import numpy as np

# From this probability on, a label counts as an answer.
THRESHOLD = 0.5


def probabilities(outputs: np.ndarray, activation: str) -> np.ndarray:
    """Return class probabilities, each row adding up to 1.

    Args:
        outputs: what a classifier gave, of shape ``(samples, …, units)``. One unit speaks for the
            second of two classes.
        activation: the name from ``builder.outputs.output_activation``. Anything but ``"softmax"`` and
            ``"sigmoid"`` is taken for logits, as the training's loss takes it.

    Returns:
        An array of shape ``(samples, …, classes)``; one unit gives two classes.
    """
    values = np.asarray(outputs, dtype=np.float64)
    if values.shape[-1] == 1:
        positive = values if activation in ("sigmoid", "softmax") else _sigmoid(values)
        return np.concatenate([1.0 - positive, positive], axis=-1)
    if activation not in ("sigmoid", "softmax"):
        values = np.exp(values - values.max(axis=-1, keepdims=True))
    # Keras's cross-entropy divides by the sum as well, so several sigmoid units are read as trained.
    total = values.sum(axis=-1, keepdims=True)
    return np.divide(values, total, out=np.full_like(values, 1.0 / values.shape[-1]), where=total != 0)


def label_chances(outputs: np.ndarray, activation: str) -> np.ndarray:
    """Return the probability of each label by itself, from the outputs of a multi-label model.

    Args:
        outputs: what the model gave, of shape ``(samples, labels)``.
        activation: the name from ``builder.outputs.output_activation``; anything but ``"sigmoid"`` is taken
            for logits, as the training's loss takes it.
    """
    values = np.asarray(outputs, dtype=np.float64)
    return values if activation == "sigmoid" else _sigmoid(values)


def _sigmoid(values: np.ndarray) -> np.ndarray:
    # The tanh form overflows for no value, however large.
    return 0.5 * (1.0 + np.tanh(0.5 * values))
