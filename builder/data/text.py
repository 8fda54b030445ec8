"""Words and vocabularies in pure Python, equal to ``keras.layers.TextVectorization``.

The layer's ``standardize="lower_and_strip_punctuation"`` lowers the letters A to Z only and drops
ASCII punctuation; ``split="whitespace"`` cuts at ASCII whitespace. This module does the same, so
that texts can be encoded where TensorFlow is not loaded.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

PADDING = ""
UNKNOWN = "[UNK]"
_STANDARDIZED = str.maketrans(string.ascii_uppercase, string.ascii_lowercase, string.punctuation)
_WHITESPACE = str.maketrans(dict.fromkeys("\t\n\v\f\r", " "))


def words_of(text: str) -> list[str]:
    """Return the standardised words of a text, in order."""
    plain = text.translate(_STANDARDIZED).translate(_WHITESPACE)
    return [word for word in plain.split(" ") if word]


def build_vocabulary(texts: Iterable[str], size: int) -> list[str]:
    """Return at most ``size`` token names: padding, unknown, then words by falling frequency.

    Words of equal frequency are in alphabetical order, so that the result does not depend on the
    order of the texts.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(words_of(text))
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    return [PADDING, UNKNOWN, *ordered[: max(size - 2, 0)]]


def token_index(vocabulary: Sequence[str]) -> dict[str, int]:
    """Return the id of every word of a vocabulary."""
    return {word: number for number, word in enumerate(vocabulary) if number > 1}


def encode_texts(texts: Sequence[str], index: Mapping[str, int], sequence_length: int) -> np.ndarray:
    """Return token ids, int32, shape (texts, sequence_length): cut at the end or padded with 0."""
    tokens = np.zeros((len(texts), sequence_length), dtype=np.int32)
    for row, text in enumerate(texts):
        ids = [index.get(word, 1) for word in words_of(text)[:sequence_length]]
        tokens[row, : len(ids)] = ids
    return tokens


def proposed_length(texts: Iterable[str], maximum: int = 4096) -> int:
    """Return the number of words that 95 of 100 texts do not exceed, between 2 and ``maximum``."""
    lengths = [len(words_of(text)) for text in texts]
    percentile = float(np.percentile(lengths, 95)) if lengths else 2.0
    return int(min(max(np.ceil(percentile), 2), maximum))
