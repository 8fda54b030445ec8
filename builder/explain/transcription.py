"""What a model writes down, and how far that is from what was said."""

from __future__ import annotations

from collections import Counter
from typing import Any

import keras
import numpy as np

from builder.data.prepare import Prepared
from builder.data.transcripts import text_of_indices
from builder.decoding import character_error_rate, decoded, edit_distance
from builder.explain.answers import check_outputs
from builder.explain.worst import WORST
from builder.outputs import predict_arrays

# Of more than a batch the outputs, one a character and step, would fill the memory.
ROWS_AT_ONCE = 256


def transcription_scores(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return the character error rate and the share of texts without an error, beside a guess.

    The guess always writes the commonest text of the training part.

    Args:
        model: a model that gives logits or probabilities, (samples, steps, characters).
        prepared: the data.
        rows: the samples' rows.

    Raises:
        BuilderError: where the model's answers are not numbers or have another shape.
    """
    characters = prepared.spec.class_names
    true = [text_of_indices(prepared.targets[row], characters) for row in rows]
    told = _told(model, prepared, rows)
    training = Counter(
        text_of_indices(prepared.targets[row], characters) for row in prepared.indices["train"]
    )
    usual = training.most_common(1)[0][0]
    rate, simple = character_error_rate(told, true), character_error_rate([usual] * len(true), true)
    return {
        "character_error_rate": rate,
        "exact_matches": float(np.mean([said == wanted for said, wanted in zip(told, true, strict=True)])),
        "baseline": {"rule": f"always '{usual}'", "character_error_rate": simple},
        "learned": rate < simple,
        "examples": [
            {"true": wanted, "predicted": said} for wanted, said in list(zip(true, told, strict=True))[:12]
        ],
        "worst_errors": _worst(told, true, rows),
    }


def _told(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> list[str]:
    told: list[str] = []
    for start in range(0, len(rows), ROWS_AT_ONCE):
        outputs = predict_arrays(model, prepared.arrays, rows[start : start + ROWS_AT_ONCE])
        check_outputs(outputs, prepared.spec)
        told += decoded(outputs, prepared.spec.class_names)
    return told


def _worst(told: list[str], true: list[str], rows: np.ndarray) -> list[dict[str, Any]]:
    pairs = zip(told, true, rows.tolist(), strict=True)
    found = [
        {"row": row, "true": wanted, "predicted": said, "error": edit_distance(said, wanted)}
        for said, wanted, row in pairs
        if said != wanted
    ]
    return sorted(found, key=lambda item: -item["error"])[:WORST]
