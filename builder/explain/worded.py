"""A model's outputs for a person's own samples, in the person's words. Needs no model, and no Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from builder.data.encode import encode
from builder.data.given_back import mean_squares, target_of
from builder.data.spec import DataSpec
from builder.data.tokenizers import tokens_of
from builder.data.words import words_of_sample
from builder.decoding import decoded
from builder.errors import shown_value, stop
from builder.explain.boxes import found_things
from builder.explain.entities import named_words
from builder.explain.gaps import fill_gaps, gap_tokens
from builder.explain.masks import masked
from builder.probabilities import THRESHOLD, label_chances, probabilities

Samples = Sequence[Mapping[str, Any]]


def encoded(spec: DataSpec, raw: Samples) -> dict[str, np.ndarray]:
    """Return the arrays of samples that were checked first, by ``ArraySpec`` name.

    Args:
        spec: the description of the data that the model was made for.
        raw: samples as ``builder.data.encode.encode`` takes them.

    Raises:
        BuilderError: where a sample lacks something, holds a wrong value, or has an empty text.
    """
    check_samples(spec, raw)
    if spec.task == "masked_language_model":
        column = spec.inputs[0].settings["column"]
        texts = [str(sample.get(column, sample.get("text", ""))) for sample in raw]
        return {"tokens": gap_tokens(spec, texts)}
    return encode(spec, raw)


def worded(
    spec: DataSpec,
    outputs: Sequence[np.ndarray],
    activations: Sequence[str],
    arrays: Mapping[str, np.ndarray],
    raw: Samples,
) -> list[dict[str, Any]]:
    """Return one answer a sample, as ``builder.explain.predict.predict`` says.

    Args:
        spec: the description of the data that the model was made for.
        outputs: what the model gave, one array a target, first axis the samples.
        activations: the last activation of every output, from ``builder.outputs.output_activation``.
        arrays: the encoded samples.
        raw: the samples.
    """
    first, *further = (
        _worded_target(one, values, activation, arrays, raw)
        for one, values, activation in zip(spec.each_target, outputs, activations, strict=True)
    )
    names = [target.name for target in spec.further_targets]
    if not names:
        return first
    others = [dict(zip(names, answers, strict=True)) for answers in zip(*further, strict=True)]
    return [{**answer, "further": more} for answer, more in zip(first, others, strict=True)]


def _worded_target(
    spec: DataSpec, outputs: np.ndarray, activation: str, arrays: Mapping[str, np.ndarray], raw: Samples
) -> list[dict[str, Any]]:
    if spec.task == "masked_language_model":
        return fill_gaps(spec, arrays["tokens"], outputs, activation)
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
        chances = label_chances(outputs, activation)
        return [_labeled(row, spec.class_names) for row in chances]
    return [_named(row, spec.class_names) for row in probabilities(outputs, activation)]


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
    """Refuse samples that are no mappings, and texts without words."""
    for number, sample in enumerate(raw, start=1):
        if not isinstance(sample, Mapping):
            message = (
                f"Sample {number} must map names to values, such as column to value. Got "
                f"{shown_value(sample)} instead."
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
