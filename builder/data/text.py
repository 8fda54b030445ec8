"""Words and vocabularies in pure Python, equal to ``keras.layers.TextVectorization``.

The layer's ``standardize="lower_and_strip_punctuation"`` lowers the letters A to Z only and drops
ASCII punctuation; ``split="whitespace"`` cuts at ASCII whitespace. This module does the same, so
that texts can be encoded where TensorFlow is not loaded.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence

import numpy as np

from builder.data.counting import LengthCounter, WordCounter

PADDING = ""
UNKNOWN = "[UNK]"
STANDARDIZED = str.maketrans(string.ascii_uppercase, string.ascii_lowercase, string.punctuation)
STANDARDIZED |= dict.fromkeys(map(ord, "\t\n\v\f\r"), ord(" "))


def words_of(text: str) -> list[str]:
    """Return the standardised words of a text, in order."""
    return [word for word in text.translate(STANDARDIZED).split(" ") if word]


def build_vocabulary(texts: Iterable[Sequence[str]], size: int) -> list[str]:
    """Return at most ``size`` token names: padding, unknown, then words by falling frequency.

    Words of equal frequency are in alphabetical order, so that the result does not depend on the
    order of the texts, which come some at a time.
    """
    counter = WordCounter()
    for some in texts:
        counter.add(word for text in some for word in words_of(text))
    return [PADDING, UNKNOWN, *(word for word, _ in counter.ordered()[: max(size - 2, 0)])]


def proposed_length(texts: Iterable[Sequence[str]], maximum: int = 4096) -> int:
    """Return the number of words that 95 of 100 texts do not exceed, between 2 and ``maximum``."""
    lengths = LengthCounter()
    for some in texts:
        lengths.add(len(words_of(text)) for text in some)
    return int(min(max(np.ceil(lengths.percentile(95)), 2), maximum))
