"""Encoding a person's own samples for a prediction, exactly as the prepared data were encoded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from builder.data.number_marks import bare_number, plain_number
from builder.data.pixels import to_array
from builder.data.spec import TARGET_TEXT, TARGET_TOKENS, DataSpec, ModelInput
from builder.data.table_codes import MISSING, NO_NUMBER, encode_categorical, encode_numeric
from builder.data.tokenizers import encode_texts
from builder.data.words import encode_words, words_of_sample
from builder.errors import BuilderError, shown_value, stop

# What ``image_pixels`` returns of files with more than 8 bits a pixel.
_DEEP_PIXELS = (np.uint16, np.int32, np.float32)


def encode(spec: DataSpec, raw: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Return the arrays that enter the model, by ``ArraySpec`` name, shape (samples, *shape).

    Args:
        spec: the description of the data that the model was made for.
        raw: one mapping a sample: ``{"image": uint8 array (height, width[, channels])}``, or other numbers
            (height, width) where the file has more than 8 bits a pixel,
            ``{"audio": sound (samples,), "rate": samples a second}`` (int16, or float -1 to 1),
            ``{"series": numbers (steps, channels)}``, ``{"text": str}`` (of tagged words also
            ``{"tokens": [str, …]}``), or ``{column: value}`` for a
            table, where a missing column, ``None``, NaN or
            ``""`` is a missing value, and a number may be a text as the column's file has it.
            A text column beside a table's columns goes by its own name.

    Raises:
        BuilderError: where a sample lacks its picture or text, or holds a word for a number.
    """
    arrays: dict[str, np.ndarray] = {}
    raw = [plain_sample(spec, sample) for sample in raw]
    has_decimal_comma = spec.reading.get("decimal") == ","
    for item in spec.inputs:
        if item.kind == "image":
            arrays["image"] = _images(item, raw)
        elif item.kind == "audio":
            arrays["audio"] = _sounds(item, raw)
        elif item.kind == "series":
            arrays["series"] = _series(item, raw)
        elif item.kind == "text":
            arrays["tokens"] = _tokens(item, raw)
        elif item.kind == TARGET_TEXT:
            # Nothing is written yet but the start.
            begun = np.zeros((len(raw), *item.arrays[0].shape), dtype=np.int32)
            begun[:, 0] = item.settings["start"]
            arrays[TARGET_TOKENS] = begun
        else:
            arrays.update(_features(item, raw, has_decimal_comma))
    return arrays


def plain_sample(spec: DataSpec, sample: Mapping[str, Any]) -> dict[str, Any]:
    """Return a sample whose numbers have no signs and marks, with which its table's columns were written."""
    signs, thousands = (spec.reading.get(key, {}) for key in ("signs", "thousands"))
    plain = dict(sample)
    for name, sign in signs.items():
        if isinstance(plain.get(name), str):
            plain[name] = bare_number(plain[name], sign)
    for name, marks in thousands.items():
        if isinstance(plain.get(name), str):
            plain[name] = plain_number(plain[name], *marks)
    return plain


def _images(item: ModelInput, raw: Sequence[Mapping[str, Any]]) -> np.ndarray:
    height, width, channels = item.arrays[0].shape
    images = np.zeros((len(raw), height, width, channels), dtype=np.float32)
    for number, sample in enumerate(raw, start=1):
        pixels = sample.get("image")
        if not _is_picture(pixels):
            raise _bad_sample(
                number, "image", "a picture: whole numbers 0 to 255, gray or with 3 or 4 channels"
            )
        picture = Image.fromarray(_squeezed(pixels))  # type: ignore[arg-type]
        images[number - 1] = to_array(picture, height, width, channels, item.settings.get("gray_range"))
    return images


def _is_picture(pixels: Any) -> bool:
    if not isinstance(pixels, np.ndarray) or pixels.size == 0:
        return False
    if pixels.dtype != np.uint8:
        return pixels.ndim == 2 and pixels.dtype in _DEEP_PIXELS
    return pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[-1] in (1, 3, 4))


def _squeezed(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels


def _sounds(item: ModelInput, raw: Sequence[Mapping[str, Any]]) -> np.ndarray:
    # Here alone: a server of pictures or texts has no library for sound.
    from builder.data.audio import Recording, to_waveform

    sounds = np.zeros((len(raw), *item.arrays[0].shape), dtype=np.float32)
    for number, sample in enumerate(raw, start=1):
        sound, rate = np.asarray(sample.get("audio")), sample.get("rate", item.settings["rate"])
        if sound.ndim != 1 or not sound.size or sound.dtype.kind not in "if" or not int(rate) > 0:
            raise _bad_sample(number, "audio", "a sound: one channel of numbers, and its rate")
        samples = sound / 32768 if sound.dtype.kind == "i" else sound
        recording = Recording(samples.astype(np.float32), int(rate))
        sounds[number - 1] = to_waveform(recording, item.settings["rate"], sounds.shape[1])
    return sounds


def _series(item: ModelInput, raw: Sequence[Mapping[str, Any]]) -> np.ndarray:
    shape = item.arrays[0].shape
    series: list[np.ndarray] = []
    for number, sample in enumerate(raw, start=1):
        values: np.ndarray
        try:
            values = np.asarray(sample.get("series"), dtype=np.float32)
        except (TypeError, ValueError, OverflowError):
            values = np.empty(0)
        if values.shape != shape:
            raise _bad_sample(number, "series", f"numbers of the shape {shape} (steps, channels)")
        series.append(np.where(np.isfinite(values), values, item.settings["means"]))
    return np.stack(series).astype(np.float32)


def _tokens(item: ModelInput, raw: Sequence[Mapping[str, Any]]) -> np.ndarray:
    if item.settings.get("of_words"):
        sentences = [words_of_sample(sample, number) for number, sample in enumerate(raw, start=1)]
        return encode_words(item.settings, sentences)[0]
    column = item.settings["column"]
    texts = []
    for number, sample in enumerate(raw, start=1):
        text = sample.get(column, sample.get("text"))
        if not isinstance(text, str):
            raise _bad_sample(number, column, "a text")
        texts.append(text.strip())
    return encode_texts(item.settings, texts)


def _features(
    item: ModelInput, raw: Sequence[Mapping[str, Any]], has_decimal_comma: bool
) -> dict[str, np.ndarray]:
    settings = item.settings
    _check_known(settings, raw)
    arrays = {}
    if settings["numeric_columns"]:
        columns = [_numbers(name, raw, has_decimal_comma) for name in settings["numeric_columns"]]
        arrays["numeric"] = encode_numeric(columns, settings["means"])
    if settings["categorical_columns"]:
        words = {
            name: [_word(sample.get(name), settings["categories"][name]) for sample in raw]
            for name in settings["categorical_columns"]
        }
        arrays["categorical"] = encode_categorical(words, settings)
    return arrays


def _check_known(settings: Mapping[str, Any], raw: Sequence[Mapping[str, Any]]) -> None:
    columns = [*settings["numeric_columns"], *settings["categorical_columns"]]
    for number, sample in enumerate(raw, start=1):
        if not any(name in sample for name in columns):
            message = (
                f"Sample {number} has none of the columns that the model reads: {', '.join(columns[:10])}"
                f"{' …' if len(columns) > 10 else ''}. Give at least one of them."
            )
            raise stop("columns_missing", message)


def _numbers(name: str, raw: Sequence[Mapping[str, Any]], has_decimal_comma: bool) -> np.ndarray:
    values = np.full(len(raw), np.nan)
    for number, sample in enumerate(raw, start=1):
        value = sample.get(name)
        if value is None or (isinstance(value, str) and value.strip().lower() in (*MISSING, *NO_NUMBER)):
            continue
        try:
            values[number - 1] = _number(value, has_decimal_comma)
        except (TypeError, ValueError, OverflowError) as error:
            raise _bad_sample(number, name, "a number, or empty", value) from error
        if abs(values[number - 1]) >= np.finfo(np.float32).max:
            raise _bad_sample(number, name, "a number nearer to 0 than 3.4e+38, or empty", value)
    return values


def _number(value: Any, has_decimal_comma: bool) -> float:
    if not isinstance(value, str):
        return float(value)
    if "_" in value:
        raise ValueError("Python reads it as a number; a table's file does not")
    try:
        return float(value)
    except ValueError:
        if not has_decimal_comma:
            raise
        return float(value.replace(",", ".", 1))


def _word(value: Any, known: Sequence[str]) -> str:
    """Write a value as the file that the model was made for does, which may say 3 or 3.0, true or TRUE."""
    ways = _ways(value)
    return next((way for way in ways if way in known), ways[0])


def _ways(value: Any) -> list[str]:
    if value is None:
        return [""]
    if isinstance(value, (bool, np.bool_)):
        word = str(bool(value))
        return [word, word.lower(), word.upper(), str(int(value)), f"{int(value)}.0"]
    is_whole = isinstance(value, (float, np.floating)) and math.isfinite(value) and value == int(value)
    if is_whole or isinstance(value, (int, np.integer)):
        return [str(int(value)), f"{int(value)}.0"]
    return [str(value).strip()]


def _bad_sample(number: int, name: str, expected: str, got: Any = None) -> BuilderError:
    found = "" if got is None else f" Got {shown_value(got)} instead."
    return stop("bad_sample", f"Sample {number}: '{name}' must be {expected}.{found}", field=name)
