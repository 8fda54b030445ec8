"""What the catalogue says of block kinds, as far as differences need it: labels and defaults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).resolve().parent.parent / "blocks" / "catalogue.json"


@dataclass(frozen=True)
class Kind:
    """A kind's label, and the label and the default of each of its parameters."""

    label: str
    labels: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)


@cache
def catalogue_kinds() -> dict[str, Kind]:
    """Return the kinds of the catalogue, read from its file: the declarations themselves need Keras."""
    return kinds_of(json.loads(CATALOGUE.read_text(encoding="utf-8")))


def kinds_of(catalogue: Mapping[str, Any]) -> dict[str, Kind]:
    """Return the kinds in the catalogue's JSON form."""
    return {block["kind"]: _kind(block) for block in catalogue["blocks"]}


def label_of(kind: str, kinds: Mapping[str, Kind]) -> str:
    """Return a kind in words: its label, or its own name without the version where it is not known."""
    if kind in kinds:
        return kinds[kind].label
    return kind.removeprefix("own.").partition(".v")[0]


def _kind(block: Mapping[str, Any]) -> Kind:
    parameters = block["parameters"]
    return Kind(
        block["label"],
        {item["name"]: item["label"] for item in parameters},
        {item["name"]: item["default"] for item in parameters},
    )
