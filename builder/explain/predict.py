"""Predictions for a person's own samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from builder.data.spec import DataSpec
from builder.errors import stop
from builder.explain.answering import answer as answer_texts
from builder.explain.answers import check_outputs
from builder.explain.worded import check_samples, encoded, worded
from builder.outputs import each_output, output_activation, predict_arrays


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
    if spec.task == "text_to_text":
        check_samples(spec, raw)
        column = spec.inputs[0].settings["column"]
        texts = [str(sample.get(column, sample.get("text", ""))) for sample in raw]
        return [{"text": text} for text in answer_texts(model, spec, texts)]
    arrays = encoded(spec, raw)
    models = each_output(model)
    outputs = [predict_arrays(single, arrays, np.arange(len(raw))) for single in models]
    for values, one in zip(outputs, spec.each_target, strict=True):
        check_outputs(values, one)
    return worded(spec, outputs, [output_activation(single) for single in models], arrays, raw)
