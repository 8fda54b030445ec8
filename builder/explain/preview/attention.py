"""The attention of every head in a call, exactly as the layers compute it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from builder.explain.layer_paths import layers_by_path

_ASKS = "return_attention_scores"


def attention_layers(model: keras.Model) -> dict[str, Any]:
    """Return the layers of a model, inner ones too, that can give their attention, by their paths."""
    return {path: layer for path, layer in layers_by_path(model).items() if _attends(layer)}


@contextmanager
def recorded_attention(layers: Mapping[str, Any]) -> Iterator[dict[str, np.ndarray]]:
    """Collect the attention of layers, by what they are called here, while the block runs.

    Yields:
        A dictionary that fills as layers are called: what each is called to float32 (heads, queries, keys),
        the first sample's; each row adds up to 1, or to 0 where the mask leaves its query out.
    """
    seen: dict[str, np.ndarray] = {}
    for name, layer in layers.items():
        # On the instance, and for this call only: the layer is as it was afterwards, and can be saved.
        layer.call = _recording(layer, name, seen)
    try:
        yield seen
    finally:
        for layer in layers.values():
            del layer.call


def _attends(layer: Any) -> bool:
    return _ASKS in inspect.signature(type(layer).call).parameters


def _recording(layer: Any, name: str, seen: dict[str, np.ndarray]) -> Callable[..., Any]:
    original = layer.call

    def call(*args: Any, **kwargs: Any) -> Any:
        is_asked = kwargs.get(_ASKS, False)
        output, scores = original(*args, **{**kwargs, _ASKS: True})
        first = np.asarray(scores[0], dtype=np.float32)
        seen[name] = first if first.ndim == 3 else first[np.newaxis]
        return (output, scores) if is_asked else output

    return call
