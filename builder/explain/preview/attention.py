"""The attention of every head in a call, exactly as the layers compute it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

_ASKS = "return_attention_scores"


def attention_layers(model: keras.Model) -> list[Any]:
    """Return the layers of a model, inner ones too, that can give their attention."""
    return [layer for layer in model._flatten_layers(include_self=False) if _attends(layer)]


@contextmanager
def recorded_attention(layers: Iterable[Any]) -> Iterator[dict[str, np.ndarray]]:
    """Collect the attention of layers while the block runs.

    Yields:
        A dictionary that fills as layers are called: layer name to float32 (heads, queries, keys), the
        first sample's; each row adds up to 1, or to 0 where the mask leaves its query out.
    """
    seen: dict[str, np.ndarray] = {}
    watched = list(layers)
    for layer in watched:
        # On the instance, and for this call only: the layer is as it was afterwards, and can be saved.
        layer.call = _recording(layer, seen)
    try:
        yield seen
    finally:
        for layer in watched:
            del layer.call


def _attends(layer: Any) -> bool:
    return _ASKS in inspect.signature(type(layer).call).parameters


def _recording(layer: Any, seen: dict[str, np.ndarray]) -> Callable[..., Any]:
    original = layer.call

    def call(*args: Any, **kwargs: Any) -> Any:
        is_asked = kwargs.get(_ASKS, False)
        output, scores = original(*args, **{**kwargs, _ASKS: True})
        first = np.asarray(scores[0], dtype=np.float32)
        seen[layer.name] = first if first.ndim == 3 else first[np.newaxis]
        return (output, scores) if is_asked else output

    return call
