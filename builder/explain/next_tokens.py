"""The choice of the next token from what a language model holds likely. Plain NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

# Padding and unknown characters are never written.
NOT_WRITTEN = 2
_SMALLEST = 1e-12


def log_probabilities(outputs: np.ndarray, is_probability: bool) -> np.ndarray:
    """Return natural logarithms of probabilities, padding and unknown left out, (…, vocabulary)."""
    scores = np.log(np.maximum(outputs, _SMALLEST)) if is_probability else outputs
    scores = scores.astype(np.float64)
    scores[..., :NOT_WRITTEN] = -np.inf
    scores = scores - scores.max(axis=-1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


def likeliest(scores: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the highest scores, best first; of equal ones the first.

    Args:
        scores: (rows, columns), at least ``count`` of them.
        count: how many are wanted.
    """
    flat = -scores.ravel()
    # Sorting all of a large vocabulary would cost more than the model.
    found = np.argpartition(flat, min(count, len(flat)) - 1)[:count]
    found = found[np.lexsort((found, flat[found]))]
    rows, columns = np.unravel_index(found, scores.shape)
    return rows, columns


def choose(chances: np.ndarray, settings: Mapping[str, Any], random: np.random.Generator) -> int:
    """Return the next token.

    Args:
        chances: log-probabilities, (vocabulary,).
        settings: ``method`` ("greedy" or "sample"), ``temperature``, ``top_k`` (0 for all) and ``top_p``.
        random: what sampling draws from.
    """
    if settings["method"] == "greedy":
        return int(chances.argmax())
    scaled = chances / settings["temperature"]
    weights = np.exp(scaled - scaled.max())
    order = np.argsort(-weights, kind="stable")
    shares = weights[order] / weights.sum()
    # A token is left out where those before it have the wanted probability together already.
    kept = np.cumsum(shares) - shares < settings["top_p"]
    if settings["top_k"]:
        kept[settings["top_k"] :] = False
    shares = np.where(kept, shares, 0.0)
    return int(order[random.choice(len(order), p=shares / shares.sum())])
