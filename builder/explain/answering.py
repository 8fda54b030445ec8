"""Answers of a text-to-text model to a person's own texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from builder.data.spec import TARGET_INPUT, DataSpec
from builder.errors import stop
from builder.explain.decoding.next_chances import NextChances
from builder.explain.decoding.search import found_answers
from builder.explain.decoding.settings import checked_question


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
    arrays, values = checked_question(spec, texts, settings)
    return list(answers(model, spec, arrays, values))


def answers(
    model: keras.Model,
    spec: DataSpec,
    arrays: Mapping[str, np.ndarray],
    settings: Mapping[str, Any],
    use_cache: bool = True,
) -> Iterator[str]:
    """Return the answer of a text-to-text model to each encoded text.

    Args:
        model: the trained model.
        spec: the description of the data that it was trained on.
        arrays: the encoded texts, by the names of the inputs that are fixed, one row a text.
        settings: values of ``ANSWER_PARAMETERS``.
        use_cache: whether to keep keys and values from step to step.
    """
    written = spec.input(TARGET_INPUT).arrays[0].name
    names = {tensor.name for tensor in model.inputs} - {written}
    fixed = {name: values for name, values in arrays.items() if name in names}
    return found_answers(NextChances(model, written, use_cache), spec, fixed, settings)
