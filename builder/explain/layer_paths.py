"""The layers of a model by their places in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras


def layers_by_path(model: keras.Model) -> dict[str, Any]:
    """Return every layer of a model once, each before those inside it, by a path of its own.

    A layer inside another one, such as ``"encoder_attention/query"``, may have the name of many others.
    """
    found: dict[str, Any] = {}
    for path, layer in _inside(model, "", set()):
        found[path if path not in found else f"{path} ({len(found)})"] = layer
    return found


def _inside(outer: Any, place: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    # Keras has no public way to the layers inside a layer one level deep.
    for layer in outer._flatten_layers(recursive=False, include_self=False):
        if id(layer) not in seen:
            seen.add(id(layer))
            yield place + layer.name, layer
            yield from _inside(layer, f"{place}{layer.name}/", seen)
