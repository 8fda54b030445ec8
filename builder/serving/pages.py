"""The server's two pages: one to try the model, one that documents the addresses. They load nothing else."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from builder.serving.limits import Limits
from builder.serving.made_samples import generates
from builder.serving.model import Description
from builder.serving.schema import example, instance_schema
from builder.serving.settings_schema import settings_of, settings_schema

_FOLDER = Path(__file__).resolve().parent
TRY_PAGE, DOCS_PAGE = "try_page.html", "docs_page.html"


def try_page(description: Description, limits: Limits) -> str:
    """Return the page on which a person asks the model."""
    spec = description.spec
    makes_samples = generates(spec)
    known = {
        "title": description.title,
        "task": spec.task,
        "target": spec.target_name,
        "address": f"/v1/models/{description.name}:predict",
        "generates": makes_samples,
        "instance": {"properties": {}} if makes_samples else instance_schema(spec),
        "example": {} if makes_samples else example(spec),
        "settings": (settings_schema(spec, limits) or {}).get("properties", {}),
        "when": {item.name: item.when for item in settings_of(spec, limits) if item.when},
        "categories": {
            name: list(values)
            for item in spec.inputs
            for name, values in item.settings.get("categories", {}).items()
        },
    }
    return _filled(TRY_PAGE, description.title, known)


def docs_page(openapi: dict[str, Any]) -> str:
    """Return the page that lists every address of an OpenAPI description."""
    return _filled(DOCS_PAGE, openapi["info"]["title"], openapi)


def _filled(name: str, title: str, known: dict[str, Any]) -> str:
    # A name of the person's own must not end the script that it stands in.
    written = json.dumps(known, ensure_ascii=False).replace("<", "\\u003c")
    page = (_FOLDER / name).read_text(encoding="utf-8")
    return page.replace("%TITLE%", html.escape(title)).replace("%KNOWN%", written)
