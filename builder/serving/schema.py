"""What a model takes and answers, as JSON Schema and OpenAPI with the person's own names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from builder.data.spec import ArraySpec, DataSpec, ModelInput
from builder.serving.accepting import JSON, PNG
from builder.serving.forms import FORM
from builder.serving.limits import Limits
from builder.serving.made_samples import column_names, generates, makes_pictures
from builder.serving.model import Description
from builder.serving.questions import WISH
from builder.serving.samples import read_inputs, text_name
from builder.serving.settings_schema import settings_schema

# A picture of one pixel, and a short silence: examples must be files that can be read.
_PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
_SOUND = "UklGRiwAAABXQVZFZm10IBAAAAABAAEAgD4AAAB9AAACABAAZGF0YQgAAAAAAAAAAAAAAA=="
_FILE = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"b64": {"type": "string", "contentEncoding": "base64"}},
            "required": ["b64"],
        },
        {"type": "string", "contentEncoding": "base64"},
    ]
}
# A list in the schema of a category column longer than this helps nobody.
_MOST_CHOICES = 50


def instance_schema(spec: DataSpec) -> dict[str, Any]:
    """Return the JSON Schema of one sample."""
    properties: dict[str, Any] = {}
    for item in read_inputs(spec):
        properties |= _properties(item)
    wanted = [name for name, described in properties.items() if not described.get("x-optional")]
    for described in properties.values():
        described.pop("x-optional", None)
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": wanted} if wanted else {}),
    }


def example(spec: DataSpec) -> dict[str, Any]:
    """Return a sample that the model can answer; it is made up, and nobody's data."""
    made: dict[str, Any] = {}
    for item in read_inputs(spec):
        made |= _example(item)
    if spec.task == "masked_language_model":
        made = {name: "Write [MASK] for the hidden word." for name in made}
    return made


def answer_schema(spec: DataSpec) -> dict[str, Any]:
    """Return the JSON Schema of one answer."""
    first, *further = (_answer(one) for one in spec.each_target)
    if further:
        names = [target.name for target in spec.further_targets]
        others = {"type": "object", "properties": dict(zip(names, further, strict=True))}
        first["properties"] = {**first["properties"], "further": others}
    return first


def predict_operation(description: Description, limits: Limits) -> dict[str, Any]:
    """Return what OpenAPI says of the address that predicts, beyond its name."""
    spec = description.spec
    makes_samples = generates(spec)
    schema = _wish_schema(spec, limits) if makes_samples else _question_schema(spec, limits)
    asked = WISH if makes_samples else {"instances": [example(spec)]}
    content: dict[str, Any] = {JSON: {"schema": schema, "example": asked}}
    if _takes_files(spec) and not makes_samples:
        content[FORM] = {"schema": _form_schema(spec)}
    words = _ERRORS | (_GENERATOR_ERRORS if makes_samples else {})
    return {
        "requestBody": {"required": not makes_samples, "content": content},
        "responses": {
            "200": {
                "description": _GENERATED if makes_samples else "One prediction a sample, in order.",
                "content": _answers(spec),
            },
            **{status: _error(words[status]) for status in sorted(words)},
        },
    }


def _wish_schema(spec: DataSpec, limits: Limits) -> dict[str, Any]:
    properties = {"parameters": settings_schema(spec, limits)}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _question_schema(spec: DataSpec, limits: Limits) -> dict[str, Any]:
    settings = settings_schema(spec, limits)
    instances = {
        "type": "array",
        "items": instance_schema(spec),
        "minItems": 1,
        "maxItems": limits.instances,
    }
    return {
        "type": "object",
        "properties": {**({"parameters": settings} if settings else {}), "instances": instances},
        "required": ["instances"],
    }


def _answers(spec: DataSpec) -> dict[str, Any]:
    answers = {
        "type": "object",
        "properties": {
            "predictions": {"type": "array", "items": answer_schema(spec)},
            "warnings": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["predictions"],
    }
    has_file = generates(spec) and makes_pictures(spec)
    file = {PNG: {"schema": {"type": "string", "contentMediaType": PNG}}} if has_file else {}
    return {JSON: {"schema": answers}, **file}


def signature(arrays: Sequence[ArraySpec]) -> dict[str, Any]:
    """Return the arrays of the model as TensorFlow Serving's metadata have them."""
    types = {"float32": "DT_FLOAT", "int32": "DT_INT32"}
    inputs = {
        item.name: {
            "dtype": types.get(item.dtype, item.dtype),
            "tensor_shape": {"dim": [{"size": str(size)} for size in (-1, *item.shape)]},
            "name": item.name,
        }
        for item in arrays
    }
    return {"signature_def": {"serving_default": {"inputs": inputs, "method_name": "predict"}}}


_GENERATED = "As many samples as were asked for. The same parameters give the same samples again."
_ERRORS = {
    "400": "The body is not JSON, or has no instances.",
    "408": "The body did not arrive in time.",
    "413": "The body, or the number of instances, is too large.",
    "415": "The body is of a type that is not read.",
    "422": "A sample cannot be used: a wrong value, an unknown column, a file that is no picture.",
    "503": "Too much waits already; try again after the seconds in Retry-After.",
}
_GENERATOR_ERRORS = {
    "400": "The body is not JSON.",
    "406": "A file as image/png holds one picture, and something else is asked for.",
    "413": "More samples are asked for than are made at once.",
    "422": "A parameter is unknown or out of its range.",
}


def _error(words: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"error": {"type": "string"}, "code": {"type": "string"}},
        "required": ["error", "code"],
    }
    return {"description": words, "content": {JSON: {"schema": schema}}}


def _properties(item: ModelInput) -> dict[str, Any]:
    settings = item.settings
    if item.kind == "image":
        words = (
            "A picture file (PNG, JPEG, …) in base64, of any size. The server scales it to "
            f"{settings['width']} x {settings['height']} pixels."
        )
        numbers = {"type": "array", "description": "Or numbers 0 to 255, (height, width[, channels])."}
        return {"image": {"oneOf": [*_FILE["oneOf"], numbers], "description": words}}
    if item.kind == "audio":
        words = f"A WAV file in base64. The server brings it to {settings['rate']:,} samples a second."
        return {"audio": {**_FILE, "description": words}}
    if item.kind == "series":
        steps, channels = item.arrays[0].shape
        row = {
            "type": "array",
            "items": {"type": ["number", "null"]},
            "minItems": channels,
            "maxItems": channels,
        }
        words = f"{steps} steps of {channels} numbers each."
        return {
            "series": {
                "type": "array",
                "items": row,
                "minItems": steps,
                "maxItems": steps,
                "description": words,
            }
        }
    if item.kind == "text":
        return {text_name(item): {"type": "string", "minLength": 1, "description": "A text."}}
    return _table_properties(item)


def _table_properties(item: ModelInput) -> dict[str, Any]:
    settings, properties = item.settings, {}
    for name, mean in zip(settings["numeric_columns"], settings["means"], strict=True):
        words = f"A number; null where it is missing. In training the mean was {mean:.4g}."
        properties[name] = {"type": ["number", "null"], "description": words, "x-optional": True}
    for name in settings["categorical_columns"]:
        known = settings["categories"][name]
        words = f"A category; null where it is missing. Known: {', '.join(known[:_MOST_CHOICES])}"
        more = " …" if len(known) > _MOST_CHOICES else "."
        properties[name] = {
            "type": ["string", "number", "null"],
            "description": words + more,
            "examples": known[:_MOST_CHOICES],
            "x-optional": True,
        }
    return properties


def _example(item: ModelInput) -> dict[str, Any]:
    settings = item.settings
    if item.kind == "image":
        return {"image": {"b64": _PICTURE}}
    if item.kind == "audio":
        return {"audio": {"b64": _SOUND}}
    if item.kind == "series":
        steps, channels = item.arrays[0].shape
        means = [float(f"{mean:.4g}") for mean in settings["means"]]
        return {"series": [means[:channels] for _ in range(steps)]}
    if item.kind == "text":
        return {text_name(item): "Write a text here."}
    numbers = {
        name: float(f"{mean:.4g}")
        for name, mean in zip(settings["numeric_columns"], settings["means"], strict=True)
    }
    return numbers | {name: settings["categories"][name][0] for name in settings["categorical_columns"]}


def _answer(spec: DataSpec) -> dict[str, Any]:
    chances = {
        "type": "object",
        "properties": {name: {"type": "number", "minimum": 0, "maximum": 1} for name in spec.class_names},
    }
    text, number = {"type": "string"}, {"type": "number"}
    picture = {**text, "contentEncoding": "base64", "contentMediaType": PNG}
    by_task: Mapping[str, dict[str, Any]] = {
        "forecasting": {"values": {"type": "array"}},
        "transcription": {"text": text},
        "language_model": {"text": text},
        "text_to_text": {"text": text},
        "masked_language_model": {"text": text, "gaps": {"type": "array", "items": {"type": "object"}}},
        "token_classification": {
            "tokens": {"type": "array", "items": text},
            "tags": {"type": "array", "items": text},
            "entities": {"type": "array", "items": {"type": "object"}},
        },
        "segmentation": {
            "mask": picture,
            "classes": {"type": "array", "items": text},
            "shares": chances,
        },
        "detection": {"boxes": {"type": "array", "items": {"type": "object"}}},
        "reconstruction": {"error": number},
        "multi_label": {"labels": {"type": "array", "items": text}, "probabilities": chances},
    }
    plain = {"value": number} if spec.predicts_numbers else {"label": text, "probabilities": chances}
    if generates(spec):
        plain = {"image": picture} if makes_pictures(spec) else {"series": _made_series(spec)}
    properties = by_task.get(spec.task, plain)
    return {"type": "object", "properties": properties, "required": list(properties)}


def _made_series(spec: DataSpec) -> dict[str, Any]:
    steps = spec.sample_shape[0]
    column = {"type": "array", "items": {"type": "number"}, "minItems": steps, "maxItems": steps}
    return {"type": "object", "properties": dict.fromkeys(column_names(spec), column)}


def _takes_files(spec: DataSpec) -> bool:
    return any(item.kind in ("image", "audio") for item in spec.inputs)


def _form_schema(spec: DataSpec) -> dict[str, Any]:
    schema = instance_schema(spec)
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    fields = {
        name: file if name in ("image", "audio") else {"type": "string"} for name in schema["properties"]
    }
    return {**schema, "properties": fields}
