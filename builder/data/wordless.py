"""Texts of which a model sees no word: empty ones, signs alone, or words that it does not know."""

from __future__ import annotations

import re
import string

import numpy as np
import pandas as pd

from builder.data.tokenizers import UNKNOWN_TOKEN
from builder.errors import Problem

_HARDLY_ANY = 0.001
_BLANK = r"\s*"
_SIGNS = rf"[\s{re.escape(string.punctuation)}]*"


def wordless(texts: pd.Series, tokenizer: str) -> np.ndarray:
    """Return True for the texts that hold nothing to learn from: blank, or of words signs alone."""
    nothing = _SIGNS if tokenizer == "word" else _BLANK
    return texts.str.fullmatch(nothing).to_numpy(dtype=bool)


def without_known_words(tokens: np.ndarray) -> np.ndarray:
    """Return True for the rows of token ids, (rows, steps), that hold padding and unknown words alone."""
    return np.asarray((tokens <= UNKNOWN_TOKEN).all(axis=-1))


def wordless_problems(column: str, count: int, rows: int) -> list[Problem]:
    """Return the warning that so many of all rows have such a text; none where hardly any has."""
    if count <= rows * _HARDLY_ANY:
        return []
    message = (
        f"{count:,} of {rows:,} rows have a text without words in '{column}': it is empty, or holds no word "
        "that the model can know. It counts as one unknown word, from which nothing is learned. Write these "
        "texts, or leave the rows out."
    )
    return [Problem("texts_without_words", message, field=column, severity="warning")]
