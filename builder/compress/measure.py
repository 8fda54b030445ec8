"""What a model's weights take up, and what a recipe has made of them."""

from __future__ import annotations

import gzip
from typing import Any

import keras
import numpy as np


def weight_report(model: keras.Model) -> dict[str, Any]:
    """Return sizes and sparsity of a model as JSON-ready data.

    Returns:
        ``{"parameters", "bytes", "gzip_bytes", "sparsity", "layers"}``, each layer being
        ``{"layer", "weights", "zeros", "values"}``. "bytes" counts 32-bit floats, "gzip_bytes" the same
        floats compressed, "sparsity" is the share of zeros among the weights of "layers", which are those
        with two or more axes; "values" counts how many different values they have.
    """
    arrays = {weight.path: np.asarray(weight, np.float32) for weight in model.weights}
    layers = [_layer(path, array) for path, array in arrays.items() if array.ndim >= 2]
    content = b"".join(array.tobytes() for array in arrays.values())
    weights = sum(layer["weights"] for layer in layers)
    zeros = sum(layer["zeros"] for layer in layers)
    return {
        "parameters": sum(array.size for array in arrays.values()),
        "bytes": len(content),
        "gzip_bytes": len(gzip.compress(content, 6, mtime=0)),
        "sparsity": round(zeros / weights, 6) if weights else 0.0,
        "layers": layers,
    }


def _layer(path: str, array: np.ndarray) -> dict[str, Any]:
    return {
        "layer": path.removesuffix("/kernel"),
        "weights": int(array.size),
        "zeros": int(np.count_nonzero(array == 0)),
        "values": len(np.unique(array)),
    }
