"""What a model writes down, and how far that is from what was said."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from builder.data.prepare import Prepared
from builder.data.transcripts import text_of_indices
from builder.decoding import character_error_rate, decoded, edit_distance
from builder.explain.worst import WORST


def transcription_scores(outputs: np.ndarray, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return the character error rate and the share of texts without an error, beside a guess.

    The guess always writes the commonest text of the training part.

    Args:
        outputs: logits or probabilities, (samples, steps, characters).
        prepared: the data.
        rows: the samples' rows.
    """
    characters = prepared.spec.class_names
    true = [text_of_indices(prepared.targets[row], characters) for row in rows]
    told = decoded(outputs, characters)
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


def _worst(told: list[str], true: list[str], rows: np.ndarray) -> list[dict[str, Any]]:
    pairs = zip(told, true, rows.tolist(), strict=True)
    found = [
        {"row": row, "true": wanted, "predicted": said, "error": edit_distance(said, wanted)}
        for said, wanted, row in pairs
        if said != wanted
    ]
    return sorted(found, key=lambda item: -item["error"])[:WORST]
