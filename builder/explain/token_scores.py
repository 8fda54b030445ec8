"""How well the names in sentences are found: precision, recall and F1 of whole entities."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from builder.data.prepare import Prepared
from builder.data.tags import OUTSIDE, Entity, entities_of
from builder.data.words import encode_words
from builder.explain.answers import check_outputs
from builder.explain.entities import tags_at
from builder.explain.worst import WORST
from builder.outputs import predict_arrays

_ROWS_AT_ONCE = 256


def token_scores(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return entity F1, the scores of every type, and the sentences with most errors.

    The baseline gives every word the tag that it had most often in the training part, as that of the shared
    task of 2003 did.

    Args:
        model: a model that gives one score a class for every step.
        prepared: the data.
        rows: the sentences to score.

    Raises:
        BuilderError: where the model's answers are not numbers or have another shape.
    """
    sentences = [prepared.sample(int(row)) for row in rows]
    truth = [sentence["tags"] for sentence in sentences]
    predicted = predicted_tags(model, prepared, rows, [sentence["tokens"] for sentence in sentences])
    scores = entity_scores(truth, predicted)
    memory = _most_common_tags(prepared)
    guessed = [[memory.get(word, OUTSIDE) for word in sentence["tokens"]] for sentence in sentences]
    baseline = entity_scores(truth, guessed)["entity_f1"]
    words = [
        (a, b) for one, other in zip(truth, predicted, strict=True) for a, b in zip(one, other, strict=True)
    ]
    return {
        **scores,
        "accuracy": float(np.mean([a == b for a, b in words])),
        "words": len(words),
        "baseline": {"rule": "each word's most common tag in the training part", "entity_f1": baseline},
        "learned": scores["entity_f1"] > baseline,
        "worst_errors": _worst(sentences, predicted, rows),
    }


def predicted_tags(
    model: keras.Model, prepared: Prepared, rows: np.ndarray, sentences: Sequence[Sequence[str]]
) -> list[list[str]]:
    """Return the tags that a model gives the words of some rows; words beyond its last step get O."""
    settings, names = prepared.spec.inputs[0].settings, prepared.spec.class_names
    found: list[list[str]] = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        chosen = slice(start, start + _ROWS_AT_ONCE)
        outputs = predict_arrays(model, prepared.arrays, rows[chosen])
        check_outputs(outputs, prepared.spec)
        _, places = encode_words(settings, sentences[chosen])
        found += [
            tags_at(row, steps, names, len(words))
            for row, steps, words in zip(outputs, places, sentences[chosen], strict=True)
        ]
    return found


def entity_scores(truth: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return precision, recall and F1 over all entities, and of each type. Plain Python.

    An entity counts as found where type, first and last word are exactly right; tags are read leniently, as
    ``conlleval`` and seqeval do by default.

    Returns:
        ``entity_f1``, ``precision``, ``recall`` (0 where nothing was there to find) and ``types``: name,
        precision, recall, f1, support, in order of the names.
    """
    right: Counter[str] = Counter()
    said: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for true, guess in zip(truth, predicted, strict=True):
        wanted, got = set(entities_of(true)), set(entities_of(guess))
        there.update(entity.kind for entity in wanted)
        said.update(entity.kind for entity in got)
        right.update(entity.kind for entity in wanted & got)
    precision, recall, f1 = _shares(right.total(), said.total(), there.total())
    types = []
    for kind in sorted({*there, *said}):
        shares = _shares(right[kind], said[kind], there[kind])
        named = dict(zip(("precision", "recall", "f1"), shares, strict=True))
        types.append({"name": kind, **named, "support": there[kind]})
    return {"entity_f1": f1, "precision": precision, "recall": recall, "types": types}


def _shares(right: int, said: int, there: int) -> tuple[float, float, float]:
    precision = right / said if said else 0.0
    recall = right / there if there else 0.0
    f1 = 2 * right / (said + there) if said + there else 0.0
    return precision, recall, f1


def _most_common_tags(prepared: Prepared) -> dict[str, str]:
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for row in prepared.indices["train"].tolist():
        sentence = prepared.sample(row)
        for word, tag in zip(sentence["tokens"], sentence["tags"], strict=True):
            seen[word][tag] += 1
    # Of equally common tags the first by name, so that the baseline is the same every time.
    return {word: min(counts, key=lambda tag: (-counts[tag], tag)) for word, counts in seen.items()}


def _worst(
    sentences: Sequence[dict[str, Any]], predicted: Sequence[Sequence[str]], rows: np.ndarray
) -> list[dict[str, Any]]:
    """Return the sentences with most entities missed or made up, each with both readings."""
    found = []
    for sentence, guess, row in zip(sentences, predicted, rows.tolist(), strict=True):
        wanted, got = entities_of(sentence["tags"]), entities_of(guess)
        errors = len(set(wanted) ^ set(got))
        if errors:
            both = {"true": _plain(wanted), "predicted": _plain(got)}
            found.append({"row": int(row), "errors": errors, "tokens": sentence["tokens"], **both})
    return sorted(found, key=lambda item: (-item["errors"], item["row"]))[:WORST]


def _plain(entities: Sequence[Entity]) -> list[dict[str, Any]]:
    return [{"type": item.kind, "first": item.first, "last": item.last} for item in entities]
