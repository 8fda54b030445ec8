"""How well a masked language model guesses hidden words, beside how frequent each word is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from builder.data.masking import MASK, MASK_TOKEN
from builder.data.prepare import Prepared
from builder.data.some_rows import spread
from builder.data.tokenizers import text_of
from builder.explain.vocabulary_scores import by_frequency, vocabulary_scores
from builder.outputs import predict_arrays

_EXAMPLES = 12


def masked_scores(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return perplexity and accuracy over the hidden words, and some of them with what was guessed.

    The words that are hidden are the same in every evaluation. The baseline guesses each word by how frequent
    it is among the hidden words of the training part.

    Args:
        model: a model that gives logits or probabilities, (batch, steps, vocabulary).
        prepared: the data.
        rows: the pieces of text to score.

    Raises:
        BuilderError: where the model's answers are not numbers.
    """
    scores = vocabulary_scores(model, prepared, rows)
    simple, most = by_frequency(prepared, rows)
    return {
        **scores,
        "baseline": {
            "rule": "how frequent each piece of a word is",
            "perplexity": math.exp(simple),
            "accuracy": most,
        },
        "learned": scores["loss"] < simple,
        "examples": _examples(model, prepared, rows),
        "worst_errors": [],
    }


def _examples(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> list[dict[str, str]]:
    chosen = rows[spread(len(rows), _EXAMPLES)]
    guesses = predict_arrays(model, prepared.arrays, chosen).argmax(axis=-1)
    settings = prepared.spec.inputs[0].settings
    found = []
    for row, guessed in zip(chosen, guesses, strict=True):
        tokens, targets = np.asarray(prepared.arrays["tokens"][row]), np.asarray(prepared.targets[row])
        places = np.flatnonzero((tokens == MASK_TOKEN) & (targets != 0))
        if len(places):
            found.append(
                {
                    "text": with_gaps(settings, tokens),
                    "hidden": ", ".join(text_of(settings, [int(targets[place])]) for place in places),
                    "guessed": ", ".join(text_of(settings, [int(guessed[place])]) for place in places),
                }
            )
    return found


def with_gaps(settings: Mapping[str, Any], tokens: np.ndarray) -> str:
    """Return the text of tokens in which masks are seen."""
    pieces, begun = [], 0
    for place in [*np.flatnonzero(tokens == MASK_TOKEN).tolist(), len(tokens)]:
        pieces += [text_of(settings, tokens[begun:place].tolist()).strip(), MASK]
        begun = place + 1
    return " ".join(piece for piece in pieces[:-1] if piece)
