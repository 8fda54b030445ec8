"""How well a language model foretells a text: perplexity and bits a character."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from builder.data.prepare import Prepared
from builder.explain.vocabulary_scores import by_frequency, vocabulary_scores


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
    scores = vocabulary_scores(model, prepared, rows)
    simple, _ = by_frequency(prepared, rows)
    return {
        **scores,
        "bits_per_token": scores["loss"] / math.log(2),
        "baseline": {
            "rule": "how frequent each piece of text is",
            "perplexity": math.exp(simple),
            "bits_per_token": simple / math.log(2),
        },
        "learned": scores["loss"] < simple,
        "worst_errors": [],
    }
