"""Held-out samples for verification, as raw inputs of the end-to-end model, and one as clients give it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from builder.data.prepare import Prepared
from builder.data.spec import ARRAY_KINDS, TARGET_TEXT, DataSpec, ModelInput, raw_input_names
from builder.data.tokenizers import takes_ids

_RAW = {
    "text": "string (1,), the text",
    "number": "float32 (1,), NaN where it is missing",
    "category": 'string (1,), as in the data; "" where it is missing',
}


def raw_inputs(prepared: Prepared, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the inputs of the end-to-end model for some rows, by input name.

    Pictures, sound and series are numeric arrays; a text or a table's column has the shape ``(rows, 1)``.
    """
    if all(item.kind in ARRAY_KINDS for item in prepared.spec.inputs):
        return prepared.arrays_of(rows)
    samples = [_row(prepared, int(row)) for row in rows]
    names = raw_input_names(prepared.spec)
    inputs = {
        names[column]: _column(column, kind, samples) for column, kind in _columns(prepared.spec).items()
    }
    for item in prepared.spec.inputs:
        if item.kind in ARRAY_KINDS:
            array = item.arrays[0]
            inputs[array.name] = prepared.arrays[array.name][rows].astype(array.dtype)
        if item.kind == "text" and takes_ids(item.settings):
            del inputs[names[item.settings["column"]]]
            inputs["tokens"] = prepared.arrays["tokens"][rows].astype("int32")
        if item.kind == TARGET_TEXT:
            name = item.arrays[0].name
            inputs[name] = prepared.arrays[name][rows].astype("int32")
    return inputs


def raw_inputs_told(spec: DataSpec) -> list[str]:
    """Return what the end-to-end model takes, a line for inputs alike: names, types, shapes, meaning."""
    names, alike = raw_input_names(spec), defaultdict[str, list[str]](list)
    for item in spec.inputs:
        if item.kind in ARRAY_KINDS:
            alike[f"float32 {item.arrays[0].shape}, as in clients/arrays"].append(item.arrays[0].name)
        elif item.kind == TARGET_TEXT or takes_ids(item.settings):
            alike[f"int32 {item.arrays[0].shape}, token ids"].append(item.arrays[0].name)
        else:
            for column, kind in _columns_of(item).items():
                alike[_RAW[kind]].append(names[column])
    return [f"{', '.join(inputs)}: {meaning}" for meaning, inputs in alike.items()]


def _row(prepared: Prepared, row: int) -> dict[str, Any]:
    sample = prepared.sample(row)
    if sample["kind"] == "text":
        return {prepared.spec.inputs[0].settings["column"]: sample["text"]}
    return sample["row"]


def _columns(spec: DataSpec) -> dict[str, str]:
    """Return the kind of every column: text, number or category."""
    kinds: dict[str, str] = {}
    for item in spec.inputs:
        kinds |= _columns_of(item)
    return kinds


def _columns_of(item: ModelInput) -> dict[str, str]:
    if item.kind in ARRAY_KINDS:
        return {}
    if item.kind == "text":
        return {item.settings["column"]: "text"}
    if item.kind == TARGET_TEXT:
        return {}
    numbers = dict.fromkeys(item.settings["numeric_columns"], "number")
    return numbers | dict.fromkeys(item.settings["categorical_columns"], "category")


def _column(name: str, kind: str, samples: Sequence[dict[str, Any]]) -> np.ndarray:
    if kind == "number":
        values = [sample.get(name) for sample in samples]
        return np.array([[math.nan if value is None else float(value)] for value in values], np.float32)
    written = _text if kind == "text" else _words
    return np.array([[written(sample.get(name))] for sample in samples], dtype=object)


def _text(value: Any) -> str:
    # The pieces of a language model's text begin and end with white space that counts.
    return "" if value is None else str(value)


def _words(value: Any) -> str:
    """Write a whole number as a file writes it: 3.0 is the category "3"."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value).strip()


def one_sample(prepared: Prepared, row: int) -> dict[str, Any]:
    """Return one sample as clients give it, JSON-ready: a text or columns by name, arrays as nested lists."""
    spec = prepared.spec
    columns = _columns(spec)
    row_values = _row(prepared, row) if columns else {}
    sample = {name: row_values.get(name) for name in columns}
    for item in spec.inputs:
        if item.kind in ARRAY_KINDS:
            array = item.arrays[0]
            sample[item.name] = prepared.arrays[array.name][row].tolist()
    return sample
