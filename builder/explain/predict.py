"""Predictions for a person's own samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from builder.data.encode import encode
from builder.data.reconstruction import target_of
from builder.data.spec import DataSpec
from builder.data.tokenizers import tokens_of
from builder.data.words import words_of_sample
from builder.decoding import decoded
from builder.errors import stop
from builder.explain.anomaly_scores import mean_squares
from builder.explain.answering import answer as answer_texts
from builder.explain.answers import check_outputs
from builder.explain.boxes import found_things
from builder.explain.entities import named_words
from builder.explain.gaps import fill_gaps
from builder.explain.label_scores import THRESHOLD
from builder.explain.masks import masked
from builder.outputs import each_output, output_activation, predict_arrays
from builder.probabilities import label_chances, probabilities


def predict(model: keras.Model, spec: DataSpec, raw: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one prediction a sample.

    Args:
        model: the trained model, which takes the specification's arrays.
        spec: the description of the data that the model was made for.
        raw: samples as ``builder.data.encode.encode`` takes them: ``{"image": ...}``,
            ``{"text": ...}`` or ``{column: value}``.

    Returns:
        ``{"label": ..., "probabilities": {class name: probability}}`` for classification,
        ``{"labels": [those above 0.5], "probabilities": ...}`` where any number of labels may be right,
        ``{"value": ...}`` in the target's unit for regression, ``{"values": [...]}`` for a forecast,
        ``{"text": ...}`` for a transcription or a text made from a text, ``{"text": ..., "gaps": ...}`` for
        hidden words, ``{"tokens", "tags", "entities"}`` for token classification,
        ``{"mask", "classes", "shares"}`` for segmentation, ``{"boxes": [...]}`` for detection. Where there
        are further targets, ``"further"`` maps their names to the same for each of them.

    Raises:
        BuilderError: where a sample lacks something, holds a wrong value, or has an empty text.
    """
    if spec.task == "language_model":
        message = "A language model writes texts: give it a beginning to go on from."
        raise stop("writes_texts", message)
    if spec.task == "generation":
        raise stop("makes_samples", "This model makes samples of its own: ask it to generate some.")
    check_samples(spec, raw)
    if spec.task == "text_to_text":
        column = spec.inputs[0].settings["column"]
        texts = [str(sample.get(column, sample.get("text", ""))) for sample in raw]
        return [{"text": text} for text in answer_texts(model, spec, texts)]
    if spec.task == "masked_language_model":
        column = spec.inputs[0].settings["column"]
        texts = [str(sample.get(column, sample.get("text", ""))) for sample in raw]
        return fill_gaps(each_output(model)[0], spec, texts)
    arrays = encode(spec, raw)
    first, *further = (
        _answers(single, one, arrays, raw)
        for single, one in zip(each_output(model), spec.each_target, strict=True)
    )
    names = [target.name for target in spec.further_targets]
    if not names:
        return first
    others = [dict(zip(names, answers, strict=True)) for answers in zip(*further, strict=True)]
    return [{**answer, "further": more} for answer, more in zip(first, others, strict=True)]


def _answers(
    model: keras.Model, spec: DataSpec, arrays: Mapping[str, np.ndarray], raw: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    outputs = predict_arrays(model, arrays, np.arange(len(raw)))
    check_outputs(outputs, spec)
    if spec.task == "token_classification":
        return named_words(outputs, spec, raw)
    if spec.task == "segmentation":
        return masked(outputs, spec)
    if spec.task == "detection":
        return found_things(outputs, spec)
    if spec.task == "forecasting":
        return [{"values": row.astype(float).tolist()} for row in outputs]
    if spec.task == "transcription":
        return [{"text": text} for text in decoded(outputs, spec.class_names)]
    if spec.task == "reconstruction":
        errors = mean_squares(outputs - target_of(spec, arrays))
        return [{"error": float(error)} for error in errors]
    if spec.predicts_numbers:
        return [{"value": float(value)} for value in outputs[:, 0]]
    if spec.predicts_labels:
        chances = label_chances(outputs, output_activation(model))
        return [_labeled(row, spec.class_names) for row in chances]
    return [_named(row, spec.class_names) for row in probabilities(outputs, output_activation(model))]


def _labeled(chances: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "labels": [name for name, chance in zip(names, chances, strict=True) if chance > THRESHOLD],
        "probabilities": {name: float(chance) for name, chance in zip(names, chances, strict=True)},
    }


def _named(chances: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "label": names[int(chances.argmax())],
        "probabilities": {name: float(chance) for name, chance in zip(names, chances, strict=True)},
    }


def check_samples(spec: DataSpec, raw: Sequence[Mapping[str, Any]]) -> None:
    """Raise BuilderError where a sample is no mapping, or a text of it has no words."""
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
        if item.settings.get("of_words"):
            words_of_sample(sample, number)
            continue
        text = sample.get(column, sample.get("text"))
        if isinstance(text, str) and not tokens_of(item.settings, text.strip()):
            message = f"Sample {number}: the text '{column}' holds no words. Write at least one word."
            raise stop("empty_text", message, field=column)
