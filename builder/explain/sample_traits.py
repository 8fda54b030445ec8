"""What can be said of samples without a model: values of columns, brightness, length, words, loudness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from builder.data.prepare import Prepared
from builder.data.spec import ModelInput
from builder.data.tokenizers import UNKNOWN_TOKEN
from builder.scores import number_words

_QUANTILES = 4
_MOST_WORDS = 150
_ROWS_AT_ONCE = 512
_PADDING = 0
# A pixel this far from the picture's median, of 255, belongs to what is on it.
_STANDS_OUT = 26


@dataclass(frozen=True)
class Trait:
    """Something that some rows have: its ``label`` in words, its ``kind``, and whether each row has it."""

    label: str
    kind: str
    inside: np.ndarray


def traits(prepared: Prepared, rows: np.ndarray) -> list[Trait]:
    """Return the traits of rows; those of one kind exclude each other, but for words.

    Args:
        prepared: the data.
        rows: the rows' numbers.
    """
    find = {
        "table": _of_table,
        "image": _of_pictures,
        "text": _of_texts,
        "audio": _of_sounds,
        "series": _of_series,
    }
    found = []
    for item in prepared.spec.inputs:
        if item.kind in find:
            found += list(find[item.kind](prepared, item, rows))
    return found


def _of_table(prepared: Prepared, item: ModelInput, rows: np.ndarray) -> Iterator[Trait]:
    settings = item.settings
    if settings["numeric_columns"]:
        values = np.asarray(prepared.arrays["numeric"][rows], dtype=np.float64)
        for place, name in enumerate(settings["numeric_columns"]):
            yield from _binned(name, values[:, place])
    if settings["categorical_columns"]:
        codes = np.asarray(prepared.arrays["categorical"][rows])
        for place, name in enumerate(settings["categorical_columns"]):
            words = ["other or missing", *settings["categories"][name]]
            for number, word in enumerate(words):
                yield Trait(f"{name} is {word}", name, codes[:, place] == settings["offsets"][name] + number)


def _of_pictures(prepared: Prepared, item: ModelInput, rows: np.ndarray) -> Iterator[Trait]:
    measured = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        chosen = rows[start : start + _ROWS_AT_ONCE]
        pixels = np.asarray(prepared.arrays[item.arrays[0].name][chosen], dtype=np.float32)
        measured.append(_picture_measures(pixels))
    brightness, contrast, filled, color = np.concatenate(measured, axis=1)
    yield from _binned("brightness", brightness)
    yield from _binned("contrast", contrast)
    yield from _binned("size of what is on it (share of the pixels)", filled)
    if item.arrays[0].shape[-1] == 3:
        yield from _binned("colorfulness", color)


def _picture_measures(pixels: np.ndarray) -> np.ndarray:
    """Return brightness, contrast, filled share and colorfulness of pictures, (4, rows)."""
    gray = pixels.mean(axis=-1)
    median = np.median(gray, axis=(1, 2), keepdims=True)
    filled = (np.abs(gray - median) > _STANDS_OUT).mean(axis=(1, 2))
    color = pixels.std(axis=-1).mean(axis=(1, 2))
    return np.stack([gray.mean(axis=(1, 2)), gray.std(axis=(1, 2)), filled, color])


def _of_texts(prepared: Prepared, item: ModelInput, rows: np.ndarray) -> Iterator[Trait]:
    tokens = np.asarray(prepared.arrays[item.arrays[0].name][rows])
    length = (tokens != _PADDING).sum(axis=1)
    yield from _binned("length in tokens", length)
    yield from _binned(
        "share of unknown tokens", (tokens == UNKNOWN_TOKEN).sum(axis=1) / np.maximum(length, 1)
    )
    vocabulary: Sequence[str] = item.settings["vocabulary"]
    counts = np.bincount(tokens.reshape(-1), minlength=len(vocabulary))
    counts[: UNKNOWN_TOKEN + 1] = 0
    for number in np.argsort(-counts, kind="stable")[:_MOST_WORDS].tolist():
        if counts[number]:
            label = f"has “{vocabulary[number]}”"
            yield Trait(label, label, (tokens == number).any(axis=1))


def _of_sounds(prepared: Prepared, item: ModelInput, rows: np.ndarray) -> Iterator[Trait]:
    loudness, sounding = [], []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        waves = np.asarray(prepared.arrays[item.arrays[0].name][rows[start : start + _ROWS_AT_ONCE]])
        size = np.abs(waves.astype(np.float32)) / 32768
        loudness.append(np.sqrt(np.square(size).mean(axis=1)))
        sounding.append((size > 0.1 * size.max(axis=1, keepdims=True)).mean(axis=1))
    yield from _binned("loudness", np.concatenate(loudness))
    yield from _binned("share of sound, not silence", np.concatenate(sounding))


def _of_series(prepared: Prepared, item: ModelInput, rows: np.ndarray) -> Iterator[Trait]:
    values = np.asarray(prepared.arrays[item.arrays[0].name][rows], dtype=np.float64)
    channels = values.shape[-1]
    names = item.settings.get("columns") or [f"channel {number + 1}" for number in range(channels)]
    for place, name in enumerate(names[:channels]):
        yield from _binned(f"mean of {name}", values[..., place].mean(axis=1))
        yield from _binned(f"spread of {name}", values[..., place].std(axis=1))


def _binned(name: str, values: np.ndarray) -> Iterator[Trait]:
    """Yield a trait for each quarter of a number's values; few different values are told one by one."""
    values = np.asarray(values, dtype=np.float64)
    known = values[np.isfinite(values)]
    if not len(known):
        return
    different = np.unique(known)
    if len(different) <= _QUANTILES:
        for value in different.tolist():
            yield Trait(f"{name} is {number_words(value)}", name, values == value)
        return
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _QUANTILES + 1)))
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        last = high == edges[-1]
        inside = (values >= low) & ((values <= high) if last else (values < high))
        yield Trait(f"{name} from {number_words(low)} to {number_words(high)}", name, inside)
