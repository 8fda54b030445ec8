"""The hiding of words that a model learns to guess: which, and what stands in their place. No TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

CLASS, SEPARATOR, MASK = "[CLS]", "[SEP]", "[MASK]"
MARKS = (CLASS, SEPARATOR, MASK)
CLASS_TOKEN, SEPARATOR_TOKEN, MASK_TOKEN = 2, 3, 4
# The first token that stands for a piece of text.
FIRST_WORD = 5
HIDDEN, AS_MASK, AS_OTHER = 0.15, 0.8, 0.1


def hidden(where: Callable[..., Any], tokens: Any, chosen: Any, way: Any, others: Any) -> tuple[Any, Any]:
    """Return tokens of which some are hidden, and the targets: what stood there, 0 elsewhere.

    Of the words 15 in 100 are chosen; of those, 80 in 100 become the mask, 10 another word, 10 stay.

    Args:
        where: ``numpy.where`` or ``tensorflow.where``.
        tokens: (rows, steps), int32.
        chosen: numbers from 0 to 1, (rows, steps), which choose the words.
        way: numbers from 0 to 1, (rows, steps), which tell what becomes of them.
        others: words drawn at random, (rows, steps), int32.

    Reference:
        Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers (2019), section 3.1.
    """
    is_chosen = (tokens >= FIRST_WORD) & (chosen < HIDDEN)
    changed = where(way < AS_MASK, MASK_TOKEN, where(way < AS_MASK + AS_OTHER, others, tokens))
    return where(is_chosen, changed, tokens), where(is_chosen, tokens, 0)


def shown(where: Callable[..., Any], tokens: Any, targets: Any) -> Any:
    """Return the tokens with nothing hidden."""
    return where(targets > 0, targets, tokens)


def hidden_for_good(
    tokens: np.ndarray, size: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return tokens with hidden words and the targets, int32; at least one word of each row is hidden.

    Args:
        tokens: (rows, steps), int32.
        size: the size of the vocabulary.
        random: what the words are drawn with.
    """
    chosen = random.random(tokens.shape)
    # The likeliest word of a row is hidden in any case: a row without a target would teach and test nothing.
    words = np.where(tokens >= FIRST_WORD, chosen, 2.0)
    rows = np.arange(len(tokens))
    chosen[rows, words.argmin(axis=1)] = 0.0
    others = random.integers(FIRST_WORD, max(size, FIRST_WORD + 1), tokens.shape)
    found, targets = hidden(np.where, tokens, chosen, random.random(tokens.shape), others)
    return found.astype(np.int32), targets.astype(np.int32)
