"""Guesses of a masked language model for the gaps of a person's own texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from builder.data.masking import FIRST_WORD, MASK, MASK_TOKEN
from builder.data.spec import DataSpec
from builder.data.tokenizers import encode_texts, text_of
from builder.errors import stop
from builder.probabilities import probabilities

GUESSES = 5


def gap_tokens(spec: DataSpec, texts: Sequence[str]) -> np.ndarray:
    """Return the token ids of texts with gaps, int32 (texts, steps).

    Args:
        spec: the description of the data that the model was trained on.
        texts: texts with at least one ``[MASK]``, each of which stands for one piece of a word.

    Raises:
        BuilderError: where a text has no gap, or none within what the model sees.
    """
    settings = spec.inputs[0].settings
    tokens = encode_texts(settings, [text.strip() for text in texts])
    for number, row in enumerate(tokens, start=1):
        if not (row == MASK_TOKEN).any():
            message = (
                f"Text {number} has no gap among its first {settings['sequence_length']} pieces of words. "
                f"Write {MASK} in the place of a word that the model should guess."
            )
            raise stop("no_gap", message, field=settings["column"])
    return tokens


def fill_gaps(
    spec: DataSpec, tokens: np.ndarray, outputs: np.ndarray, activation: str
) -> list[dict[str, Any]]:
    """Return each text with its gaps filled, and the likeliest pieces of words for every gap.

    Args:
        spec: the description of the data that the model was trained on.
        tokens: from ``gap_tokens``.
        outputs: what the model gave for them, (texts, steps, words).
        activation: the name from ``builder.outputs.output_activation``.

    Returns:
        For each text ``{"text": ..., "gaps": [{piece: probability, …}, …]}``.
    """
    settings = spec.inputs[0].settings
    return [_filled(settings, row, output, activation) for row, output in zip(tokens, outputs, strict=True)]


def _filled(
    settings: Mapping[str, Any], tokens: np.ndarray, output: np.ndarray, activation: str
) -> dict[str, Any]:
    places = np.flatnonzero(tokens == MASK_TOKEN)
    chances = probabilities(output[places], activation)
    chances[:, :FIRST_WORD] = 0.0
    filled = tokens.copy()
    filled[places] = chances.argmax(axis=-1)
    gaps = []
    for own in chances:
        likeliest = np.argsort(-own, kind="stable")[:GUESSES]
        gaps.append({settings["vocabulary"][token]: float(own[token]) for token in likeliest})
    return {"text": text_of(settings, filled.tolist()).strip(), "gaps": gaps}
