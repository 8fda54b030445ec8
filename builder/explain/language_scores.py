"""How well a language model foretells a text: perplexity and bits a character."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from builder.data.prepare import Prepared
from builder.errors import stop
from builder.outputs import output_activation, predict_arrays

_ROWS_AT_ONCE = 64
_SMALLEST = 1e-7


def language_scores(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return cross-entropy (nats a token), perplexity, bits a token and accuracy, beside token frequencies.

    The baseline foretells every token by how frequent it is in the training part, whatever stands before it.

    Args:
        model: a model that gives logits or probabilities, (batch, steps, vocabulary).
        prepared: the data.
        rows: the pieces of text to score.

    Raises:
        BuilderError: where the model's answers are not numbers.

    Reference:
        Jurafsky & Martin, Speech and Language Processing (3rd edition), section 3.3.
    """
    is_probability = output_activation(model) == "softmax"
    total, right, count = 0.0, 0, 0
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        chosen = rows[start : start + _ROWS_AT_ONCE]
        outputs = predict_arrays(model, prepared.arrays, chosen)
        targets = prepared.targets[chosen]
        chances = _log_probabilities(outputs, is_probability)
        total -= float(np.take_along_axis(chances, targets[..., None], axis=-1).sum(dtype=np.float64))
        right += int((chances.argmax(axis=-1) == targets).sum())
        count += targets.size
    loss = total / count
    if not math.isfinite(loss):
        message = (
            "The model's answers are not numbers (NaN or infinite). This happens when training diverged: "
            "lower the learning rate, or set a limit on the gradient's length, and train again."
        )
        raise stop("not_a_number", message)
    simple = _frequency_loss(prepared, rows)
    return {
        "loss": loss,
        "perplexity": math.exp(min(loss, 700)),
        "bits_per_token": loss / math.log(2),
        "accuracy": right / count,
        "tokens": count,
        "baseline": {
            "rule": "how frequent each piece of text is",
            "perplexity": math.exp(simple),
            "bits_per_token": simple / math.log(2),
        },
        "learned": loss < simple,
        "worst_errors": [],
    }


def _log_probabilities(outputs: np.ndarray, is_probability: bool) -> np.ndarray:
    if is_probability:
        return np.log(np.clip(outputs, _SMALLEST, 1.0))
    shifted = outputs - outputs.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _frequency_loss(prepared: Prepared, rows: np.ndarray) -> float:
    size = prepared.spec.class_count
    # Each token counts once more than it was seen, so that none is impossible.
    seen = np.bincount(_targets(prepared, prepared.indices["train"]), minlength=size) + 1
    wanted = np.bincount(_targets(prepared, rows), minlength=size)
    return float(-(wanted * np.log(seen / seen.sum())).sum() / wanted.sum())


def _targets(prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    return np.asarray(prepared.targets[np.asarray(rows)]).ravel()
