"""Masks that Keras hands on by itself, taken out of a saved model, where they stand as operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from builder.blocks.saved_values import operation_name
from builder.importer.saved import SavedCall, SavedLayer, SavedModel, flattened, references

_MASKS = ("mask", "query_mask", "value_mask", "key_mask")


def without_masks(model: SavedModel) -> SavedModel:
    """Return the model without masks as arguments and without the operations that only make masks.

    Whether Keras makes the same masks by itself is seen when the model is built and compared.
    """
    layers = [_unmasked(layer) for layer in model.layers]
    while True:
        read = {tensor[0] for _, tensor in flattened(model.outputs)}
        read |= {
            tensor[0]
            for layer in layers
            for call in layer.calls
            for tensor in references([call.args, call.kwargs])
        }
        kept = [layer for layer in layers if layer.name in read or operation_name(layer.saved) is None]
        if len(kept) == len(layers):
            break
        layers = kept
    return replace(model, layers=tuple(layers), by_name={layer.name: layer for layer in layers})


def _unmasked(layer: SavedLayer) -> SavedLayer:
    calls = tuple(SavedCall(call.args, _without(call.kwargs)) for call in layer.calls)
    return replace(layer, calls=calls, model=without_masks(layer.model) if layer.model else None)


def _without(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if key not in _MASKS or not any(references(value))}
