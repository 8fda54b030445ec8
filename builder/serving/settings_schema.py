"""How a model that writes can be told to write, as JSON Schema, from the one place where it is declared."""

from __future__ import annotations

from typing import Any

from builder.data.spec import DataSpec
from builder.params import Choice, Float, Integer, Optional, Parameter, Text
from builder.writing_settings import SETTINGS_OF_TASK


def settings_schema(spec: DataSpec) -> dict[str, Any] | None:
    """Return the JSON Schema of ``parameters`` in a request; None for a model that does not write."""
    parameters = SETTINGS_OF_TASK.get(spec.task)
    if parameters is None:
        return None
    properties = {parameter.name: _described(parameter) for parameter in parameters}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _described(parameter: Parameter) -> dict[str, Any]:
    return {**_type(parameter.type), "default": parameter.default, "description": parameter.help}


def _type(kind: Any) -> dict[str, Any]:
    if isinstance(kind, Optional):
        inner = _type(kind.inner)
        return {**inner, "type": [inner["type"], "null"]}
    if isinstance(kind, Choice):
        return {"type": "string", "enum": list(kind.options)}
    if isinstance(kind, Text):
        return {"type": "string", "minLength": 1, "maxLength": kind.maximum_length}
    assert isinstance(kind, (Integer, Float))
    lowest = "minimum"
    if isinstance(kind, Float) and kind.minimum_open:
        lowest = "exclusiveMinimum"
    return {
        "type": "integer" if isinstance(kind, Integer) else "number",
        lowest: kind.minimum,
        "maximum": kind.maximum,
    }
