"""What pages do with the library of own blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.errors import BuilderError
from builder.graph import Graph
from builder.library import Definitions, with_used
from builder.ui.services import store


def offered() -> list[dict[str, Any]]:
    """Return the library as the canvas takes it: kind and definition of each block."""
    return [{"kind": block.kind, "definition": block.definition} for block in store().blocks()]


def definitions() -> dict[str, Any]:
    """Return the definitions in the library by kind."""
    return {block.kind: block.definition for block in store().blocks()}


def add(found: Definitions) -> None:
    """Keep checked own blocks in the library, in place of those of the same kind."""
    for kind, definition in found.items():
        store().save_block(kind, str(definition["label"]), definition)


def do(asked: Mapping[str, Any], graph: Graph) -> str | None:
    """Do what the canvas asks for, ``{"action": "save" | "remove", "kind", "definition"}``.

    Args:
        graph: the model on the canvas, which knows the own blocks that lie in the one to be saved.

    Returns:
        What is wrong, in words, or None.
    """
    kind = str(asked.get("kind"))
    try:
        if asked.get("action") == "remove":
            store().remove_block(kind)
        elif asked.get("action") == "save":
            known = {name: item.to_json() for name, item in graph.definitions.items()}
            add(with_used(kind, {**definitions(), **known, kind: asked.get("definition")}))
    except BuilderError as error:
        return str(error)
    return None
