"""Predictions for a person's own samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from builder.data.encode import encode
from builder.data.spec import DataSpec
from builder.data.text import words_of
from builder.errors import stop
from builder.explain.evaluation import check_outputs
from builder.outputs import output_activation, predict_arrays
from builder.probabilities import probabilities


def predict(model: keras.Model, spec: DataSpec, raw: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one prediction a sample.

    Args:
        model: the trained model, which takes the specification's arrays.
        spec: the description of the data that the model was made for.
        raw: samples as ``builder.data.encode.encode`` takes them: ``{"image": ...}``,
            ``{"text": ...}`` or ``{column: value}``.

    Returns:
        ``{"label": ..., "probabilities": {class name: probability}}`` for classification,
        ``{"value": ...}`` in the target's unit for regression.

    Raises:
        BuilderError: where a sample lacks something, holds a wrong value, or has an empty text.
    """
    _check(spec, raw)
    arrays = encode(spec, raw)
    outputs = predict_arrays(model, arrays, np.arange(len(raw)))
    check_outputs(outputs, spec)
    if spec.task == "regression":
        return [{"value": float(value)} for value in outputs[:, 0]]
    return [_named(row, spec.class_names) for row in probabilities(outputs, output_activation(model))]


def _named(chances: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "label": names[int(chances.argmax())],
        "probabilities": {name: float(chance) for name, chance in zip(names, chances, strict=True)},
    }


def _check(spec: DataSpec, raw: Sequence[Mapping[str, Any]]) -> None:
    for number, sample in enumerate(raw, start=1):
        if not isinstance(sample, Mapping):
            message = (
                f"Sample {number} must map names to values, such as column to value. Got {sample!r:.60}."
            )
            raise stop("bad_sample", message)
        _check_words(spec, sample, number)


def _check_words(spec: DataSpec, sample: Mapping[str, Any], number: int) -> None:
    """Refuse a text without words: a model that masks padding has nothing left to look at."""
    for item in spec.inputs:
        if item.kind != "text":
            continue
        column = item.settings["column"]
        text = sample.get(column, sample.get("text"))
        if isinstance(text, str) and not words_of(text):
            message = f"Sample {number}: the text '{column}' holds no words. Write at least one word."
            raise stop("empty_text", message, field=column)
