"""The names that a token classification finds in a person's own sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from builder.data.spec import DataSpec
from builder.data.tags import OUTSIDE, entities_of, to_iob2
from builder.data.words import encode_words, words_of_sample


def named_words(
    outputs: np.ndarray, spec: DataSpec, raw: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the words, tags and entities of samples.

    Args:
        outputs: what the model gave, (samples, steps, classes).
        spec: the data's description.
        raw: the samples, ``{"text": ...}`` or ``{"tokens": [...]}``.

    Returns:
        ``{"tokens": [...], "tags": [...], "entities": [{"type", "text", "first", "last"}]}`` a sample, where
        ``first`` and ``last`` are places of words.
    """
    sentences = [words_of_sample(sample, number) for number, sample in enumerate(raw, start=1)]
    _, places = encode_words(spec.inputs[0].settings, sentences)
    return [
        _named(words, tags_at(output, steps, spec.class_names, len(words)))
        for words, output, steps in zip(sentences, outputs, places, strict=True)
    ]


def tags_at(output: np.ndarray, steps: Sequence[int], names: Sequence[str], words: int) -> list[str]:
    """Return the tags of a sentence from its output, (steps, classes), and the step of each word."""
    tags = [names[number] for number in output[list(steps)].argmax(axis=-1)]
    return tags + [OUTSIDE] * (words - len(tags))


def _named(words: list[str], tags: list[str]) -> dict[str, Any]:
    tags = to_iob2(tags)
    entities = [
        {
            "type": entity.kind,
            "text": " ".join(words[entity.first : entity.last + 1]),
            "first": entity.first,
            "last": entity.last,
        }
        for entity in entities_of(tags)
    ]
    return {"tokens": words, "tags": tags, "entities": entities}
