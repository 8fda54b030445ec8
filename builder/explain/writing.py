"""Writing with a language model, token by token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from builder.data.spec import DataSpec
from builder.data.tokenizers import REPLACEMENT, text_of, tokens_of
from builder.errors import stop
from builder.explain.decoding import NextChances
from builder.explain.next_tokens import choose, likeliest
from builder.params import check_all, with_defaults
from builder.writing_settings import WRITING_PARAMETERS


@dataclass(frozen=True)
class _Beam:
    tokens: tuple[int, ...]
    score: float


def write(
    model: keras.Model,
    spec: DataSpec,
    prompt: str,
    settings: dict[str, Any] | None = None,
    use_cache: bool = True,
) -> Iterator[str]:
    """Return what a language model writes after a prompt, piece by piece, as it is written.

    Every step sees at least three quarters of what the model was trained to see, see ``NextChances``.

    Args:
        model: a model that gives logits or probabilities, (batch, steps, vocabulary), each step from those
            before it.
        spec: the description of the data that it was trained on.
        prompt: the beginning, at least one character.
        settings: values of ``WRITING_PARAMETERS``.
        use_cache: whether to keep from token to token what the model has seen, where it can be kept.

    Raises:
        BuilderError: where a setting is bad, the prompt is empty, or the model predicts something else.

    Reference:
        Holtzman et al., The Curious Case of Neural Text Degeneration (2020), for top-p.
    """
    problems = check_all(WRITING_PARAMETERS, settings or {}, "Writing")
    if problems:
        raise stop(problems[0].code, problems[0].message, field=problems[0].field)
    if spec.task != "language_model":
        message = "This model does not write. Train one for the task 'the next piece of a text' first."
        raise stop("not_a_language_model", message)
    if not prompt.strip():
        raise stop("empty_text", "Write a beginning that the model can go on from.", field="prompt")
    values = with_defaults(WRITING_PARAMETERS, settings or {})
    tokenizer = spec.inputs[0].settings
    begun = tokens_of(tokenizer, prompt)
    chances = NextChances(model, spec.arrays[0].name, use_cache)
    if values["method"] == "beam":
        yield text_of(tokenizer, _beam_search(chances, begun, values))
        return
    yield from _until_stop(_one_by_one(chances, begun, values), tokenizer, values["stop"])


def _one_by_one(chances: NextChances, begun: list[int], values: dict[str, Any]) -> Iterator[int]:
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


def _beam_search(chances: NextChances, begun: list[int], values: dict[str, Any]) -> list[int]:
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
