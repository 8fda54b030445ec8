"""Sentences of separate words as token ids: whole words, or pieces of which the first speaks for its word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from builder.data.counting import WordCounter
from builder.data.text import PADDING, UNKNOWN
from builder.data.tokenizers import cutter, fit_tokenizer, index_of
from builder.errors import stop

# Longer sentences are cut, so that one line of a broken file does not decide how long all others are.
MAXIMUM_STEPS = 512
# Chinese and Japanese characters.
_ALONE = r"\u3040-\u30ff\u3400-\u9fff"
Sentences = Callable[[], Iterator[Sequence[Sequence[str]]]]


def cut_into_words(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, in order, as tagged files have them."""
    return _word_pattern().findall(text)


@lru_cache(maxsize=1)
def _word_pattern() -> re.Pattern[str]:
    """Runs of letters and digits, a Chinese or Japanese character, or one punctuation mark.

    Vowel signs and accents of their own belong to the letter before; Python's ``\\w`` leaves them out.
    """
    codes = range(0x300, 0x1F000)
    signs = "".join(sign for sign in map(chr, codes) if unicodedata.category(sign).startswith("M"))
    letter = rf"[^\W{_ALONE}]"
    # Persian and Indian scripts join or part two letters of a word by a sign without a width.
    inner = rf"{letter}|[{signs}]|[\u200c\u200d](?={letter})"
    return re.compile(rf"[{_ALONE}][{signs}]*|{letter}(?:{inner})*|[^\w\s]")


def words_of_sample(sample: Mapping[str, Any], number: int) -> list[str]:
    """Return the words of a person's own sample: its ``tokens``, or its ``text`` cut into words.

    Args:
        sample: ``{"tokens": ["Ann", …]}`` or ``{"text": "Ann …"}``.
        number: the sample's number, for messages.

    Raises:
        BuilderError: where it has neither, or no words.
    """
    tokens, text = sample.get("tokens"), sample.get("text")
    if isinstance(tokens, list) and all(isinstance(word, str) and word.strip() for word in tokens):
        words = [word.strip() for word in tokens]
    elif isinstance(text, str):
        words = cut_into_words(text)
    else:
        message = f"Sample {number}: give a text, or a list of words under 'tokens'."
        raise stop("bad_sample", message, field="tokens")
    if not words:
        message = f"Sample {number}: the text holds no words. Write at least one word."
        raise stop("empty_text", message, field="tokens")
    return words


def fit_words(kind: str, sentences: Sentences, size: int) -> dict[str, Any]:
    """Return the settings of a tokenizer of single words, learned from sentences.

    Whole words stay as they are written: a capital letter often tells a name.

    Args:
        kind: one of ``builder.data.tokenizers.KINDS``.
        sentences: returns the training sentences from the beginning, some at a time, whenever it is called.
        size: tokens, padding and unknown included.
    """
    if kind == "word":
        counter = WordCounter()
        for some in sentences():
            counter.add(word for words in some for word in words)
        kept = [word for word, _ in counter.ordered()[: max(size - 2, 0)]]
        return {"tokenizer": kind, "vocabulary": [PADDING, UNKNOWN, *kept], "of_words": True}

    def words() -> Iterator[list[str]]:
        yield from ([word for words in some for word in words] for some in sentences())

    return {**fit_tokenizer(kind, words, size), "of_words": True}


def word_cutter(settings: Mapping[str, Any]) -> Callable[[str], list[int]]:
    """Return what gives the token ids of one word, at least one: 1 stands for what is unknown."""
    if settings["tokenizer"] == "word":
        index = index_of(settings["vocabulary"])
        return lambda word: [index.get(word, 1)]
    cut = cutter(settings)
    return lambda word: cut(word) or [1]


def encode_words(
    settings: Mapping[str, Any], sentences: Sequence[Sequence[str]]
) -> tuple[np.ndarray, list[list[int]]]:
    """Return token ids, int32 (sentences, steps), cut or padded with 0, and the step of each word's first.

    The steps of a sentence are as many as its words that fit.
    """
    length, pieces_of = settings["sequence_length"], word_cutter(settings)
    tokens = np.zeros((len(sentences), length), dtype=np.int32)
    places: list[list[int]] = []
    for row, words in enumerate(sentences):
        ids: list[int] = []
        first: list[int] = []
        for word in words:
            first.append(len(ids))
            ids += pieces_of(word)
        tokens[row, : min(len(ids), length)] = ids[:length]
        places.append([place for place in first if place < length])
    return tokens, places


def fitting_steps(settings: Mapping[str, Any], sentences: Sentences) -> int:
    """Return the number of steps that 99 of 100 sentences do not exceed, between 2 and 512."""
    pieces_of = word_cutter(settings)
    lengths = [sum(len(pieces_of(word)) for word in words) for some in sentences() for words in some]
    return int(np.clip(np.ceil(np.percentile(lengths, 99)) if lengths else 2, 2, MAXIMUM_STEPS))
