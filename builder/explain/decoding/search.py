"""The search for the answers of a text-to-text model: greedy, or with a beam. Plain NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from builder.data.spec import TARGET_INPUT, DataSpec
from builder.data.tokenizers import text_of
from builder.explain.decoding.growing import GrowingTexts
from builder.explain.next_tokens import likeliest

TEXTS_AT_ONCE = 64


@dataclass(frozen=True)
class _Hypothesis:
    tokens: tuple[int, ...]
    score: float

    def rated(self, length_penalty: float) -> float:
        """The log-probability, divided by the length to a power, without which the shortest text wins."""
        return self.score / max(len(self.tokens), 1) ** length_penalty


def found_answers(
    chances: GrowingTexts, spec: DataSpec, fixed: Mapping[str, np.ndarray], settings: Mapping[str, Any]
) -> Iterator[str]:
    """Return the answer of a text-to-text model to each text.

    Args:
        chances: what the model holds likely.
        spec: the description of the data that it was trained on.
        fixed: the encoded texts, by the names of the model's inputs, one row a text; what the model writes
            itself is left alone.
        settings: values of ``ANSWER_PARAMETERS``.

    Reference:
        Wu et al., Google's Neural Machine Translation System (2016), section 7, for beam search.
    """
    written = spec.input(TARGET_INPUT)
    fixed = {name: values for name, values in fixed.items() if name != written.arrays[0].name}
    find = _beam if settings["method"] == "beam" else _greedy
    at_once = max(TEXTS_AT_ONCE // settings["beams"], 1) if find is _beam else TEXTS_AT_ONCE
    for start in range(0, len(next(iter(fixed.values()))), at_once):
        some = {name: np.asarray(values[start : start + at_once]) for name, values in fixed.items()}
        for tokens in find(chances, written.settings, some, settings):
            yield text_of(written.settings, tokens).strip()


def _greedy(
    chances: GrowingTexts,
    written: Mapping[str, Any],
    fixed: Mapping[str, np.ndarray],
    settings: Mapping[str, Any],
) -> list[list[int]]:
    count, end = len(next(iter(fixed.values()))), written["end"]
    found = chances.begin([[written["start"]]] * count, fixed)
    texts = np.zeros((count, 0), np.int64)
    ended = np.zeros(count, dtype=bool)
    for step in range(chances.length):
        tokens = _possible(found, written).argmax(axis=1)
        texts = np.concatenate([texts, tokens[:, None]], axis=1)
        ended |= tokens == end
        if ended.all() or step + 1 == chances.length:
            break
        found = chances.grow(tokens.tolist())
    return [_before_end(row.tolist(), end) for row in texts]


def _beam(
    chances: GrowingTexts,
    written: Mapping[str, Any],
    fixed: Mapping[str, np.ndarray],
    settings: Mapping[str, Any],
) -> list[list[int]]:
    """Keep the likeliest beginnings of each text, and of those that ended the best by its length."""
    count, beams, end = len(next(iter(fixed.values()))), settings["beams"], written["end"]
    repeated = {name: np.repeat(values, beams, axis=0) for name, values in fixed.items()}
    found = chances.begin([[written["start"]]] * (count * beams), repeated)
    # All beams of a text are equal at first: only one of them counts.
    kept = [[_Hypothesis((), 0.0 if beam == 0 else -np.inf) for beam in range(beams)] for _ in range(count)]
    ended: list[list[_Hypothesis]] = [[] for _ in range(count)]
    for step in range(chances.length):
        own = _possible(found, written)
        rows, tokens = [], []
        for text in range(count):
            grown = _grown(kept[text], own[text * beams : (text + 1) * beams], beams)
            ended[text] += [item for _, item in grown[:beams] if item.tokens[-1] == end]
            going_on = [(parent, item) for parent, item in grown if item.tokens[-1] != end][:beams]
            kept[text] = [item for _, item in going_on]
            rows += [text * beams + parent for parent, _ in going_on]
            tokens += [item.tokens[-1] for _, item in going_on]
        if step + 1 == chances.length or all(len(items) >= beams for items in ended):
            break
        found = chances.grow(tokens, rows)
    penalty = settings["length_penalty"]
    best = [max(ended[text] or kept[text], key=lambda item: item.rated(penalty)) for text in range(count)]
    return [_before_end(list(item.tokens), end) for item in best]


def _grown(kept: list[_Hypothesis], chances: np.ndarray, beams: int) -> list[tuple[int, _Hypothesis]]:
    """Return the likeliest ways to go on with the beginnings of one text, twice as many as beams."""
    scores = np.array([item.score for item in kept])[:, None] + chances
    # Half of them may end, and as many as there are beams have to go on.
    found = []
    for parent, token in zip(*likeliest(scores, 2 * beams), strict=True):
        item = _Hypothesis((*kept[parent].tokens, int(token)), float(scores[parent, token]))
        found.append((int(parent), item))
    return found


def _possible(chances: np.ndarray, written: Mapping[str, Any]) -> np.ndarray:
    chances = chances.copy()
    chances[:, written["start"]] = -np.inf
    return chances


def _before_end(tokens: list[int], end: int) -> list[int]:
    return tokens[: tokens.index(end)] if end in tokens else tokens
