"""The weights of a run, found again by the names of the layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True)
class RunWeights:
    """The weights of a run at one moment.

    ``key`` changes with every newer checkpoint; ``layers`` maps a layer's name to its weights in Keras's
    order, and inside a nested model the name is preceded by the model's and an underscore.
    """

    key: str
    layers: dict[str, list[np.ndarray]] = field(default_factory=dict)

    def fitting(self, model: keras.Model) -> list[tuple[Any, list[np.ndarray]]] | None:
        """Return each layer of a block with its weights; None where one is missing or of another shape."""
        found = []
        for name, layer in named_layers(model):
            arrays = self.layers.get(name, [])
            shapes = [tuple(weight.shape) for weight in layer.weights]
            if [array.shape for array in arrays] != shapes:
                return None
            found.append((layer, arrays))
        return found


def weights_of(model: keras.Model, key: str) -> RunWeights:
    """Return the weights of a run's model, as copies."""
    layers = {
        name: [np.array(weight.numpy()) for weight in layer.weights] for name, layer in named_layers(model)
    }
    return RunWeights(key, layers)


def named_layers(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the layers that have weights, with their names; nested models are looked into."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from named_layers(layer, f"{prefix}{layer.name}_")
        elif layer.weights:
            yield f"{prefix}{layer.name}", layer
