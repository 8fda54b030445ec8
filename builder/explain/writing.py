"""Writing with a language model, token by token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from builder.data.spec import DataSpec
from builder.errors import stop
from builder.explain.decoding.next_chances import NextChances
from builder.explain.decoding.settings import checked_prompt
from builder.explain.decoding.writer import pieces


def write(
    model: keras.Model,
    spec: DataSpec,
    prompt: str,
    settings: dict[str, Any] | None = None,
    use_cache: bool = True,
) -> Iterator[str]:
    """Return what a language model writes after a prompt, piece by piece, as it is written.

    Every step sees at least three quarters of what the model was trained to see, see ``GrowingTexts``.

    Args:
        model: a model that gives logits or probabilities, (batch, steps, vocabulary), each step from those
            before it.
        spec: the description of the data that it was trained on.
        prompt: the beginning, at least one character.
        settings: values of ``WRITING_PARAMETERS``.
        use_cache: whether to keep from token to token what the model has seen, where it can be kept.

    Raises:
        BuilderError: where a setting is bad, the prompt is empty, or the model predicts something else.
    """
    if spec.task != "language_model":
        message = "This model does not write. Train one for the task 'the next piece of a text' first."
        raise stop("not_a_language_model", message)
    values = checked_prompt(prompt, settings)
    yield from pieces(NextChances(model, spec.arrays[0].name, use_cache), spec, prompt, values)
