"""How well a model foretells the tokens that count: cross-entropy, perplexity and accuracy."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from builder.data.prepare import Prepared
from builder.errors import stop
from builder.outputs import output_activation, predict_arrays
from builder.tasks import TASKS

_ROWS_AT_ONCE = 64
_SMALLEST = 1e-7


def vocabulary_scores(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return the mean loss (nats), perplexity and accuracy over the places that count.

    Where the task is padded, those whose target is 0 do not.

    Args:
        model: a model that gives logits or probabilities, (batch, steps, vocabulary).
        prepared: the data.
        rows: the samples to score.

    Raises:
        BuilderError: where the model's answers are not numbers.
    """
    is_probability = output_activation(model) == "softmax"
    total, right, count = 0.0, 0, 0
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        chosen = rows[start : start + _ROWS_AT_ONCE]
        outputs = predict_arrays(model, prepared.arrays, chosen)
        targets = np.asarray(prepared.targets[chosen])
        counted = _counted(prepared, targets)
        values, wanted = outputs[counted], targets[counted]
        total -= float(_log_chances(values, wanted, is_probability).sum(dtype=np.float64))
        right += int((values.argmax(axis=-1) == wanted).sum())
        count += len(wanted)
    loss = total / max(count, 1)
    if not math.isfinite(loss):
        message = (
            "The model's answers are not numbers (NaN or infinite). This happens when training diverged: "
            "lower the learning rate, or set a limit on the gradient's length, and train again."
        )
        raise stop("not_a_number", message)
    return {
        "loss": loss,
        "perplexity": math.exp(min(loss, 700)),
        "accuracy": right / max(count, 1),
        "tokens": count,
    }


def by_frequency(prepared: Prepared, rows: np.ndarray) -> tuple[float, float]:
    """Return the loss (nats) and the accuracy of foretelling tokens by how frequent they are in training.

    Args:
        prepared: the data.
        rows: the samples to score.
    """
    size = prepared.spec.class_count
    # Each token counts once more than it was seen, so that none is impossible.
    seen = np.bincount(_counted_targets(prepared, prepared.indices["train"]), minlength=size) + 1
    wanted = np.bincount(_counted_targets(prepared, rows), minlength=size)
    count = max(wanted.sum(), 1)
    return float(-(wanted * np.log(seen / seen.sum())).sum() / count), float(wanted[seen.argmax()] / count)


def _counted_targets(prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    targets = np.asarray(prepared.targets[np.asarray(rows)])
    return targets[_counted(prepared, targets)]


def _counted(prepared: Prepared, targets: np.ndarray) -> np.ndarray:
    return targets != 0 if TASKS[prepared.spec.task].padded else np.ones(targets.shape, bool)


def _log_chances(outputs: np.ndarray, wanted: np.ndarray, is_probability: bool) -> np.ndarray:
    own = np.take_along_axis(outputs, wanted[:, None], axis=1)[:, 0]
    if is_probability:
        return np.log(np.clip(own, _SMALLEST, 1.0))
    highest = outputs.max(axis=1)
    return own - highest - np.log(np.exp(outputs - highest[:, None]).sum(axis=1))
