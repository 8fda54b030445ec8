"""What a browser needs to draw a block's output: feature maps, heat strip, words, bars or probabilities."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from builder.data.pixels import as_pixels
from builder.data.spec import DataSpec, ModelInput
from builder.data.tokenizers import UNKNOWN_TOKEN
from builder.explain.preview.block_model import Value
from builder.explain.preview.quantized import pooled, quantized
from builder.probabilities import label_chances, probabilities

PADDING_ID = 0
# A longer vector is laid out in rows of so many values.
ROW = 64


@dataclass(frozen=True)
class Limits:
    """The most of one picture that is sent: maps or heads, their side, and words."""

    maps: int
    side: int
    words: int


OVERVIEW = Limits(maps=16, side=48, words=120)
# For models of many blocks, so that an answer stays small.
GLANCE = Limits(maps=9, side=24, words=40)
DETAIL = Limits(maps=64, side=112, words=4096)


def picture_of(value: Value, limits: Limits) -> dict[str, Any]:
    """Return the picture that suits the rank of a value: maps, strip, vector or number."""
    sample = value.array[0]
    if sample.dtype.kind not in "fiub":
        return {"kind": "none"}
    match sample.ndim:
        case 0:
            return {"kind": "number", "value": _finite(float(sample))}
        case 1:
            return _vector(sample, limits)
        case 2:
            return _strip(value, limits)
        case 3:
            return {"kind": "maps", "size": list(sample.shape[:2]), **_maps(sample, limits)}
    # Of a volume or a film, the one in the middle of the leading axes.
    while sample.ndim > 3:
        sample = sample[len(sample) // 2]
    return {"kind": "maps", "size": list(sample.shape[:2]), "is_slice": True, **_maps(sample, limits)}


def attention_picture(scores: np.ndarray, limits: Limits) -> dict[str, Any]:
    """Return the attention of each head, (heads, queries, keys), as a picture."""
    if scores.ndim > 3:
        scores = scores.reshape(scores.shape[0], scores.shape[1], -1)
    return {"size": list(scores.shape[1:]), **quantized(scores, limits.maps, limits.side)}


def input_picture(value: Value, model_input: ModelInput, limits: Limits) -> dict[str, Any]:
    """Return what enters the model as a person knows it: pixels, words, or a row of named features."""
    if model_input.kind == "image":
        return pixels(value.array[0] * (255.0 if model_input.settings["rescale"] else 1.0), 2 * limits.side)
    if model_input.kind == "text":
        return words_picture(value.array[0], model_input.settings["vocabulary"], limits)
    if model_input.kind != "table":
        return picture_of(value, limits)
    return {**picture_of(value, limits), "names": feature_names(model_input.settings)[:ROW]}


def pixels(array: np.ndarray, most_side: int) -> dict[str, Any]:
    """Return a picture of 0 to 255, (height, width, channels), as bytes."""
    shown = array if array.shape[-1] in (1, 3) else array[..., :1]
    shown = pooled(pooled(np.asarray(shown, dtype=np.float64), 0, most_side), 1, most_side)
    data = as_pixels(shown)
    return {
        "kind": "pixels",
        "height": data.shape[0],
        "width": data.shape[1],
        "channels": data.shape[2],
        "data": base64.b64encode(data.tobytes()).decode(),
    }


def words_picture(ids: np.ndarray, vocabulary: Sequence[str], limits: Limits) -> dict[str, Any]:
    """Return the words behind word numbers; ``states`` has "w" for a word, "u" unknown, "p" padding."""
    shown = [int(number) for number in ids[: limits.words]]
    states = {PADDING_ID: "p", UNKNOWN_TOKEN: "u"}
    return {
        "kind": "tokens",
        "words": [vocabulary[number] if 1 < number < len(vocabulary) else "" for number in shown],
        "states": "".join(states.get(number, "w") for number in shown),
        "ids": shown,
        "count": len(ids),
    }


def answer_picture(
    value: Value, activation: str, spec: DataSpec, target: float | None
) -> dict[str, Any] | None:
    """Return the model's answer in the task's words, or None where the output does not fit the task.

    Args:
        value: the output of the model's last block.
        activation: the name of the function that made it.
        spec: the data's description.
        target: what is right: the class's number, or the value in the target's unit.
    """
    sample = value.array[0]
    if sample.ndim != 1 or not np.isfinite(sample).all():
        return None
    if spec.predicts_numbers:
        if len(sample) != 1:
            return None
        return {"kind": "number", "name": spec.target_name, "value": float(sample[0]), "truth": target}
    if len(sample) != spec.class_count and not (len(sample) == 1 and spec.class_count == 2):
        return None
    chances_of = label_chances if spec.predicts_labels else probabilities
    chances = chances_of(value.array, activation)[0]
    truth = None if target is None else int(target)
    return {
        "kind": "classes",
        "names": list(spec.class_names),
        "values": [float(chance) for chance in chances],
        "truth": truth,
    }


def feature_names(settings: Mapping[str, Any]) -> list[str]:
    """Return what each number of a table's features stands for, in order."""
    names = list(settings["numeric_columns"])
    for column in settings["categorical_columns"]:
        names += [f"{column}: other", *(f"{column}: {value}" for value in settings["categories"][column])]
    return names


def _maps(sample: np.ndarray, limits: Limits) -> dict[str, Any]:
    return quantized(np.moveaxis(sample, -1, 0), limits.maps, limits.side)


def _strip(value: Value, limits: Limits) -> dict[str, Any]:
    """Return a sequence as one map: features down, steps across."""
    sample = value.array[0]
    side = 2 * limits.side
    picture = {"kind": "strip", "size": list(sample.shape), **quantized(sample.T[np.newaxis], 1, side)}
    if value.mask is not None and value.mask.shape[1:] == sample.shape[:1]:
        shown = pooled(value.mask[0].astype(np.float64), 0, side)
        picture["masked"] = [bool(share == 0) for share in shown]
    return picture


def _vector(sample: np.ndarray, limits: Limits) -> dict[str, Any]:
    count = len(sample)
    values = np.asarray(sample, dtype=np.float64)
    rows = -(-count // ROW)
    empty = rows * ROW - count if rows > 1 else 0
    grid = np.concatenate([values, np.full(empty, np.nan)]).reshape(rows, -1)
    exact = [_finite(float(number)) for number in sample[:ROW]]
    picture = {
        "kind": "vector",
        "size": [count],
        "values": exact,
        **quantized(grid[np.newaxis], 1, limits.side * 2),
    }
    # What fills the last row up is no value that is not finite.
    is_whole = grid.shape == (picture["height"], picture["width"])
    return picture | ({"filled": count} if empty and is_whole else {})


def _finite(number: float) -> float | None:
    return number if np.isfinite(number) else None
