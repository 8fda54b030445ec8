"""Answers of a text-to-text model to a person's own texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from builder.data.encode import encode
from builder.data.spec import DataSpec
from builder.data.tokenizers import tokens_of
from builder.errors import stop
from builder.explain.decoding import answers
from builder.params import check_all, with_defaults
from builder.writing_settings import ANSWER_PARAMETERS


def answer(
    model: keras.Model, spec: DataSpec, texts: Sequence[str], settings: Mapping[str, Any] | None = None
) -> list[str]:
    """Return what a model answers to each text, written piece by piece.

    Args:
        model: a trained text-to-text model.
        spec: the description of the data that it was trained on.
        texts: the texts, each with its task prefix in front where the model knows several tasks.
        settings: values of ``ANSWER_PARAMETERS``.

    Raises:
        BuilderError: where a setting is bad, a text is empty, or the model does something else.
    """
    if spec.task != "text_to_text":
        message = "This model does not answer with texts. Train one for the task 'a text made from a text'."
        raise stop("not_text_to_text", message)
    problems = check_all(ANSWER_PARAMETERS, settings or {}, "Answers")
    if problems:
        raise stop(problems[0].code, problems[0].message, field=problems[0].field)
    for number, text in enumerate(texts, start=1):
        if not tokens_of(spec.inputs[0].settings, text.strip()):
            message = f"Text {number} holds no words. Write at least one word."
            raise stop("empty_text", message, field=spec.inputs[0].settings["column"])
    arrays = encode(spec, [{"text": text} for text in texts])
    return list(answers(model, spec, arrays, with_defaults(ANSWER_PARAMETERS, settings or {})))
