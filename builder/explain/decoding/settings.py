"""What a person asks of a model that writes: the beginning or the texts, and how it is to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from builder.data.encode import encode
from builder.data.spec import DataSpec
from builder.data.tokenizers import tokens_of
from builder.errors import stop
from builder.params import Parameter, check_all, with_defaults
from builder.writing_settings import ANSWER_PARAMETERS, WRITING_PARAMETERS


def checked_prompt(prompt: str, settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return all values of ``WRITING_PARAMETERS`` for a language model that goes on from a prompt.

    Raises:
        BuilderError: where a setting is bad, or the prompt is empty.
    """
    values = _checked(WRITING_PARAMETERS, settings, "Writing")
    if not prompt.strip():
        raise stop("empty_text", "Write a beginning that the model can go on from.", field="prompt")
    return values


def checked_question(
    spec: DataSpec, texts: Sequence[str], settings: Mapping[str, Any] | None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays of texts that a text-to-text model answers, and all of ``ANSWER_PARAMETERS``.

    Raises:
        BuilderError: where a setting is bad, or a text is empty.
    """
    values = _checked(ANSWER_PARAMETERS, settings, "Answers")
    for number, text in enumerate(texts, start=1):
        if not tokens_of(spec.inputs[0].settings, text.strip()):
            message = f"Text {number} holds no words. Write at least one word."
            raise stop("empty_text", message, field=spec.inputs[0].settings["column"])
    return encode(spec, [{"text": text} for text in texts]), values


def _checked(
    parameters: tuple[Parameter, ...], settings: Mapping[str, Any] | None, place: str
) -> dict[str, Any]:
    given = dict(settings or {})
    problems = check_all(parameters, given, place)
    if problems:
        raise stop(problems[0].code, problems[0].message, field=problems[0].field)
    return with_defaults(parameters, given)
