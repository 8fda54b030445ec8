"""How a model can be told to write or to make samples, as JSON Schema, from where that is declared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from builder.data.spec import DataSpec
from builder.generating_settings import GENERATING_PARAMETERS
from builder.params import Boolean, Choice, Float, Integer, Optional, Parameter, Text
from builder.serving.limits import Limits
from builder.writing_settings import SETTINGS_OF_TASK

COUNT = "count"
_SETTINGS = {**SETTINGS_OF_TASK, "generation": GENERATING_PARAMETERS}


def settings_schema(spec: DataSpec, limits: Limits) -> dict[str, Any] | None:
    """Return the JSON Schema of ``parameters`` in a request; None for a model that takes none."""
    properties = {parameter.name: _described(parameter) for parameter in settings_of(spec, limits)}
    if not properties:
        return None
    return {"type": "object", "properties": properties, "additionalProperties": False}


def settings_of(spec: DataSpec, limits: Limits) -> tuple[Parameter, ...]:
    """Return how a model can be told to answer, within a server's limits; nothing where it cannot be told."""
    return tuple(_limited(_SETTINGS.get(spec.task, ()), limits))


def _limited(parameters: tuple[Parameter, ...], limits: Limits) -> Iterator[Parameter]:
    for parameter in parameters:
        kind = parameter.type
        if parameter.name == COUNT and isinstance(kind, Integer):
            most = min(kind.maximum or limits.instances, limits.instances)
            yield replace(parameter, type=replace(kind, maximum=most), default=min(parameter.default, most))
        else:
            yield parameter


def _described(parameter: Parameter) -> dict[str, Any]:
    return {
        **_type(parameter.type),
        "title": parameter.to_json()["label"],
        "default": parameter.default,
        "description": parameter.help,
    }


def _type(kind: Any) -> dict[str, Any]:
    if isinstance(kind, Optional):
        inner = _type(kind.inner)
        return {**inner, "type": [inner["type"], "null"]}
    if isinstance(kind, Choice):
        return {"type": "string", "enum": list(kind.options)}
    if isinstance(kind, Text):
        return {"type": "string", "minLength": 1, "maxLength": kind.maximum_length}
    if isinstance(kind, Boolean):
        return {"type": "boolean"}
    assert isinstance(kind, (Integer, Float))
    lowest = "minimum"
    if isinstance(kind, Float) and kind.minimum_open:
        lowest = "exclusiveMinimum"
    return {
        "type": "integer" if isinstance(kind, Integer) else "number",
        lowest: kind.minimum,
        "maximum": kind.maximum,
    }
