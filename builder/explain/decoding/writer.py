"""The choice of one token after another, by which a language model writes. Plain NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from builder.data.spec import DataSpec
from builder.data.tokenizers import REPLACEMENT, text_of, tokens_of
from builder.explain.decoding.growing import GrowingTexts
from builder.explain.next_tokens import choose, likeliest


@dataclass(frozen=True)
class _Beam:
    tokens: tuple[int, ...]
    score: float


def pieces(chances: GrowingTexts, spec: DataSpec, prompt: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Return what a language model writes after a prompt, piece by piece, as it is written.

    Args:
        chances: what the model holds likely.
        spec: the description of the data that it was trained on.
        prompt: the beginning, at least one character.
        values: all of ``WRITING_PARAMETERS``.

    Reference:
        Holtzman et al., The Curious Case of Neural Text Degeneration (2020), for top-p.
    """
    tokenizer = spec.inputs[0].settings
    begun = tokens_of(tokenizer, prompt)
    if values["method"] == "beam":
        yield text_of(tokenizer, _beam_search(chances, begun, values))
        return
    yield from _until_stop(_one_by_one(chances, begun, values), tokenizer, values["stop"])


def _one_by_one(chances: GrowingTexts, begun: list[int], values: Mapping[str, Any]) -> Iterator[int]:
    random = np.random.default_rng(values["seed"])
    found = chances.begin([begun])
    for number in range(values["tokens"]):
        token = choose(found[0], values, random)
        yield token
        if number + 1 < values["tokens"]:
            found = chances.grow([token])


def _until_stop(tokens: Iterator[int], tokenizer: Mapping[str, Any], end: str | None) -> Iterator[str]:
    written: list[int] = []
    shown = ""
    for token in tokens:
        written.append(token)
        text = text_of(tokenizer, written)
        # A character of several bytes may come in several tokens.
        if text.endswith(REPLACEMENT):
            continue
        yield text[len(shown) :]
        shown = text
        if end and shown.endswith(end):
            return


def _beam_search(chances: GrowingTexts, begun: list[int], values: Mapping[str, Any]) -> list[int]:
    """Return the tokens of the likeliest text that the kept beams lead to.

    Reference: Jurafsky & Martin, Speech and Language Processing (3rd edition), section 13.4.
    """
    count = values["beams"]
    found = chances.begin([begun] * count)
    # They are equal at first: only one of them counts.
    beams = [_Beam((), 0.0 if number == 0 else -np.inf) for number in range(count)]
    for step in range(values["tokens"]):
        scores = np.array([beam.score for beam in beams])[:, None] + found
        rows, tokens = likeliest(scores, count)
        beams = [
            _Beam((*beams[row].tokens, int(token)), float(scores[row, token]))
            for row, token in zip(rows, tokens, strict=True)
        ]
        if step + 1 < values["tokens"]:
            found = chances.grow(tokens.tolist(), rows.tolist())
    return list(beams[0].tokens)
