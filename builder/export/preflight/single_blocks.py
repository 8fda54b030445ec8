"""One block of a built model as a model of its own, to find out which of them does not convert."""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np


def block_model(model: keras.Model, block: str, layers: Mapping[str, str]) -> keras.Model | None:
    """Return the part of a functional model that one block makes, or None where it makes nothing of its own.

    Args:
        model: the whole model.
        block: the block's id.
        layers: the block of every layer.
    """
    own = [layer for layer in model.layers if layers.get(layer.name) == block and not _is_input(layer)]
    made = {id(tensor): tensor for layer in own for tensor in keras.tree.flatten(layer.output)}
    taken = {id(tensor): tensor for layer in own for tensor in keras.tree.flatten(layer.input)}
    arriving = [tensor for key, tensor in taken.items() if key not in made]
    others = [layer for layer in model.layers if layer not in own and not _is_input(layer)]
    read = {id(tensor) for layer in others for tensor in keras.tree.flatten(layer.input)}
    read |= {id(tensor) for tensor in model.outputs}
    leaving = [tensor for key, tensor in made.items() if key in read]
    if not arriving or not leaving:
        return None
    return keras.Model(arriving, leaving[0] if len(leaving) == 1 else leaving)


def random_samples(model: keras.Model, count: int) -> list[dict[str, np.ndarray]]:
    """Return random inputs for a block's model, one sample each, to calibrate with."""
    random = np.random.default_rng(0)
    return [
        {
            tensor.name: random.normal(size=(1, *(size or 1 for size in tensor.shape[1:]))).astype(
                tensor.dtype
            )
            for tensor in model.inputs
        }
        for _ in range(count)
    ]


def _is_input(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.InputLayer)
