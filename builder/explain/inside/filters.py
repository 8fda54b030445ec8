"""The filters of a model's first convolution, as pictures."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from builder.adversarial.model import kept_part
from builder.errors import stop
from builder.explain.layer_paths import layers_by_path
from builder.explain.pictures import enlarged, png_text
from builder.explain.preview.png import colored

MOST_FILTERS = 64
_SIDE = 72
_CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
)


def first_filters(model: keras.Model) -> dict[str, Any]:
    """Return the filters of the first convolution, the strongest first.

    Returns:
        ``layer`` (its path), ``kind``, ``size`` (of a filter), ``channels`` (that it reads), ``count`` and
        ``filters``: each with its ``number``, its ``strength`` (the length of its weights) and ``png``: in
        colors where it reads three channels, else the mean over the channels, blue below and red above zero;
        of a convolution over steps, steps across and channels down.

    Raises:
        BuilderError: ``no_convolution``.
    """
    for path, layer in layers_by_path(kept_part(model)).items():
        if isinstance(layer, _CONVOLUTIONS):
            return _told(path, layer)
    message = (
        "This model has no convolution, so there are no filters to see. The weights of its layers are under "
        "Weights."
    )
    raise stop("no_convolution", message)


def _told(path: str, layer: keras.Layer) -> dict[str, Any]:
    kernel = np.asarray(layer.weights[0], dtype=np.float64)
    is_apart = "depthwise" in type(layer).__name__.lower() or "separable" in type(layer).__name__.lower()
    if is_apart:
        # One channel each: (…, channels, multiplier) becomes (…, 1, channels x multiplier).
        kernel = kernel.reshape(*kernel.shape[:-2], 1, -1)
    filters = np.moveaxis(kernel, -1, 0)
    strength = np.sqrt(np.square(filters).reshape(len(filters), -1).sum(axis=1))
    order = np.argsort(-strength, kind="stable")[:MOST_FILTERS]
    return {
        "layer": path,
        "kind": type(layer).__name__,
        "size": list(kernel.shape[:-2]),
        "channels": int(kernel.shape[-2]),
        "count": len(filters),
        "filters": [
            {
                "number": int(number) + 1,
                "strength": float(strength[number]),
                "png": png_text(enlarged(_picture(filters[number]), _SIDE)),
            }
            for number in order
        ],
    }


def _picture(values: np.ndarray) -> np.ndarray:
    """Return the pixels of a filter, (height, width, channels) or (steps, channels)."""
    if values.ndim == 2:
        return colored(values.T)
    if values.shape[-1] == 3:
        most = max(float(np.abs(values).max()), 1e-12)
        return np.rint(127.5 + 127.5 * values / most).astype(np.uint8)
    return colored(values.mean(axis=-1))
