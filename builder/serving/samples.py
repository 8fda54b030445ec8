"""Samples in the body of a request, as ``builder.data.encode`` takes them."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from builder.data.encode import plain_sample
from builder.data.images import MAXIMUM_PIXELS, image_pixels
from builder.data.spec import TARGET_TEXT, DataSpec, ModelInput
from builder.serving.limits import Limits
from builder.serving.refusals import Refusal

# A model of one input of these kinds may be given the bare value.
_BARE = ("image", "audio", "series", "text")
# Looking for a similar name takes about a millisecond, and there may be thousands of values.
_MOST_WARNINGS, _MOST_HINTS = 20, 3
_SHOWN = 60
_FORM = '{"instances": [sample, …]}'
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def content_of(body: bytes, form: str = _FORM) -> Mapping[str, Any]:
    """Return the object that a JSON body holds.

    Args:
        body: the bytes.
        form: an example of such an object, for messages.

    Raises:
        Refusal: 400 where it is no JSON, or no object.
    """
    try:
        text = body.decode(json.detect_encoding(body))
        # NaN and Infinity are no JSON, though many programs write them.
        content = json.loads(text, parse_constant=_no_constant)
        if _SURROGATE.search(text):
            _check_characters(content)
    except (ValueError, RecursionError) as error:
        message = f"The body is not JSON: {_trouble(error)}. Send an object such as {form}."
        raise Refusal(400, "not_json", message) from error
    if not isinstance(content, Mapping):
        raise Refusal(400, "no_object", f"The body must be an object such as {form}.")
    return content


def instances_in(content: Mapping[str, Any], limits: Limits) -> list[Any]:
    """Return the ``instances`` of a request.

    Raises:
        Refusal: 400 where there are none, 413 where there are too many.
    """
    instances = content.get("instances")
    if not isinstance(instances, list):
        message = f"The body must be an object such as {_FORM}. It is an object with {_listed(content)}."
        raise Refusal(400, "no_instances", message)
    if not instances:
        raise Refusal(400, "no_instances", "'instances' is empty. Send at least one sample.")
    if len(instances) > limits.instances:
        message = (
            f"The request has {len(instances):,} samples; at most {limits.instances:,} are answered at once. "
            "Send them in several requests."
        )
        raise Refusal(413, "too_many_instances", message)
    return instances


def samples_of(spec: DataSpec, instances: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the samples that instances describe.

    Args:
        spec: the description of the data that the model was made for.
        instances: one JSON value a sample: an object by the names of ``input_names``, or, for a model of one
            picture, sound, series or text, the bare value. A picture or a sound is the file's bytes: in
            base64, ``{"b64": "..."}`` or the bare text, or as ``bytes``.

    Raises:
        Refusal: 422 where an instance has another form, or a picture cannot be read.
        BuilderError: where a picture or sound is none.
    """
    found, pixels = [], 0
    for number, instance in enumerate(instances, start=1):
        sample = _sample(spec, instance, number)
        pixels += sample["image"].size if isinstance(sample.get("image"), np.ndarray) else 0
        if pixels > 3 * MAXIMUM_PIXELS:
            message = f"The pictures of one request may have {MAXIMUM_PIXELS:,} pixels together. Send fewer."
            raise Refusal(413, "too_many_pixels", message)
        found.append(sample)
    return found


def read_inputs(spec: DataSpec) -> list[ModelInput]:
    """Return the inputs that a sample is read into; what the model writes itself is not one of them."""
    return [item for item in spec.inputs if item.kind != TARGET_TEXT]


def input_names(spec: DataSpec) -> list[str]:
    """Return the names of everything that a sample may hold."""
    return list(dict.fromkeys(name for item in read_inputs(spec) for name in _names(item)))


def text_name(item: ModelInput) -> str:
    """Return the name by which a sample holds its text: the column's, or "text" where words have tags."""
    return "text" if item.settings.get("of_words") else str(item.settings["column"])


def unknown_categories(spec: DataSpec, samples: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return, in words, the values of categories that the model never saw; they count as "other"."""
    found: list[str] = []
    for number, column, value, known in _unseen(spec, samples):
        if len(found) == _MOST_WARNINGS:
            return [*found, "There are more values that the model never saw; they are not listed."]
        hint = _meant(value, known) if len(found) < _MOST_HINTS else ""
        found.append(
            f"Sample {number}: the model never saw '{value[:_SHOWN]}' in '{column}'; it counts as "
            f"'other'.{hint}"
        )
    return found


def _unseen(
    spec: DataSpec, samples: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[int, str, str, Sequence[str]]]:
    plain = [plain_sample(spec, sample) for sample in samples]
    for item in spec.inputs:
        for column, known in item.settings.get("categories", {}).items():
            for number, sample in enumerate(plain, start=1):
                value = sample.get(column)
                if isinstance(value, str) and value.strip() and value.strip() not in known:
                    yield number, column, value.strip(), known


def _meant(name: str, known: Sequence[str]) -> str:
    """Return the question whether a known name was meant, or nothing; only the beginning is compared."""
    near = get_close_matches(name[:_SHOWN], known, 1)
    return f" Did you mean '{near[0]}'?" if near else ""


def _check_characters(content: Any) -> None:
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        message = f"it holds {half!r}, which is half a character; write both halves, or the character itself"
        raise ValueError(message) from error


def _trouble(error: ValueError | RecursionError) -> str:
    """Return why JSON cannot be read, where Python speaks of itself in words of our own."""
    if isinstance(error, RecursionError):
        return "its lists or objects lie too deep in each other"
    if "set_int_max_str_digits" in str(error):
        return f"it holds a number of more than {sys.get_int_max_str_digits():,} digits"
    return str(error)[:200]


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON value; write null where a number is missing")


def _names(item: ModelInput) -> list[str]:
    settings = item.settings
    if item.kind == "text":
        return [text_name(item), "tokens" if settings.get("of_words") else "text"]
    if item.kind == "table":
        return [*settings["numeric_columns"], *settings["categorical_columns"]]
    return [item.kind]


def _sample(spec: DataSpec, instance: Any, number: int) -> dict[str, Any]:
    (first, *others) = read_inputs(spec)
    is_bare = not isinstance(instance, Mapping) or set(instance) == {"b64"}
    if is_bare and first.kind in _BARE and not others:
        instance = {_names(first)[0]: instance}
    if not isinstance(instance, Mapping):
        message = f"Sample {number} must be an object with {_quoted(input_names(spec))}."
        raise Refusal(422, "bad_sample", message)
    _check_names(spec, instance, number)
    kinds = {item.kind for item in spec.inputs}
    sample: dict[str, Any] = {}
    for name, value in instance.items():
        if name == "image" and "image" in kinds:
            sample[name] = _picture(value, number)
        elif name == "audio" and "audio" in kinds:
            sample |= _sound(value, number)
        else:
            sample[name] = value
    for name in ("image", "audio"):
        if name in kinds and name not in sample:
            raise _no_file(name, number)
    _check_values(spec, sample, number)
    return sample


def _check_names(spec: DataSpec, instance: Mapping[str, Any], number: int) -> None:
    known = input_names(spec)
    for name in instance:
        if name not in known:
            hint = _meant(name, known)
            message = (
                f"Sample {number}: the model reads no '{name[:_SHOWN]}'.{hint} It reads {_quoted(known)}."
            )
            raise Refusal(422, "unknown_column", message)


def _check_values(spec: DataSpec, sample: Mapping[str, Any], number: int) -> None:
    for item in spec.inputs:
        for name in [*item.settings.get("numeric_columns", ()), *item.settings.get("categories", ())]:
            value = sample.get(name)
            infinite = isinstance(value, float) and not math.isfinite(value)
            if infinite or not (value is None or isinstance(value, (str, int, float))):
                message = (
                    f"Sample {number}: '{name}' must be a finite number, a text, or null where it is missing."
                )
                raise Refusal(422, "bad_sample", message)


def _picture(value: Any, number: int) -> np.ndarray:
    if isinstance(value, list):
        return _pixels(value, number)
    return image_pixels(_bytes(value, number, "image"), f"Sample {number}: the picture")


def _pixels(value: list[Any], number: int) -> np.ndarray:
    try:
        pixels = np.asarray(value)
    except ValueError:
        pixels = np.empty(0)
    fits = pixels.ndim in (2, 3) and pixels.size and pixels.dtype.kind in "iuf"
    if not fits or not (np.isfinite(pixels).all() and pixels.min() >= 0 and pixels.max() <= 255):
        message = (
            f"Sample {number}: a picture as numbers must have the shape (height, width) or "
            f"(height, width, channels), its numbers 0 to 255. This one has the shape {pixels.shape}."
        )
        raise Refusal(422, "bad_sample", message)
    return pixels.astype(np.uint8)


def _sound(value: Any, number: int) -> dict[str, Any]:
    # Here alone: a server of pictures or texts has no library for sound.
    from builder.data.audio import recorded

    recording = recorded(_bytes(value, number, "audio"), f"Sample {number}: the recording")
    return {"audio": recording.samples, "rate": recording.rate}


def _bytes(value: Any, number: int, name: str) -> bytes:
    if isinstance(value, bytes):
        return value
    text = value.get("b64") if isinstance(value, Mapping) else value
    if not isinstance(text, str):
        raise _no_file(name, number)
    # What a browser makes of a file begins with its type.
    text = text.partition(";base64,")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        message = f"Sample {number}: '{name}' is no base64. Encode the bytes of the file in base64."
        raise Refusal(422, "not_base64", message) from error


def _no_file(name: str, number: int) -> Refusal:
    message = f'Sample {number}: \'{name}\' must be a file in base64, such as {{"b64": "…"}}.'
    return Refusal(422, "bad_sample", message)


def _quoted(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:20])
    return f"{shown} …" if len(names) > 20 else shown


def _listed(content: Mapping[str, Any]) -> str:
    return _quoted([str(name)[:40] for name in content]) or "nothing in it"
