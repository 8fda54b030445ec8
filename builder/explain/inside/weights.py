"""How the weights of every layer are distributed, and what looks wrong in that."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from builder.adversarial.model import kept_part
from builder.compiler.figures.unit_axes import read_axes
from builder.explain.layer_paths import layers_by_path

_BINS = 40
# Beside the largest weight of a layer, so small a one is as good as none.
_NEARLY_NOTHING = 1e-3
_MOSTLY = 0.5
_MOST_VALUES = 2_000_000


def weight_distributions(model: keras.Model) -> dict[str, Any]:
    """Return the distribution of every weight of every layer.

    Returns:
        ``layers``, in order: ``name`` (its path), ``kind``, ``parameters``, ``trainable`` and ``weights``,
        each with ``name``, ``shape``, ``mean``, ``deviation``, ``smallest``, ``largest``, ``near_zero`` (the
        share of values below a thousandth of the largest), ``silent`` (of kernels and embeddings the share of
        units without any weight but such, else 0) and ``histogram`` (``edges``, ``counts``). ``notes`` says
        in words what looks wrong in a layer.
    """
    layers = []
    for path, layer in layers_by_path(kept_part(model)).items():
        own = [weight for weight in layer.weights if _is_own(layer, weight)]
        if own:
            told = [_told(layer, weight) for weight in own]
            layers.append(
                {
                    "name": path,
                    "kind": type(layer).__name__,
                    "parameters": int(sum(np.prod(weight.shape) for weight in own)),
                    "trainable": bool(layer.trainable and layer.trainable_weights),
                    "weights": told,
                    "notes": [note for item in told for note in _notes(item)],
                }
            )
    return {"layers": layers}


def _is_own(layer: keras.Layer, weight: Any) -> bool:
    """Tell whether a weight is a layer's own, not that of a layer inside, and holds values, not a state."""
    inner = {id(item) for inside in layer._flatten_layers(include_self=False) for item in inside.weights}
    return id(weight) not in inner and "seed" not in weight.name


def _told(layer: keras.Layer, weight: Any) -> dict[str, Any]:
    values = np.asarray(weight, dtype=np.float64)
    finite = values[np.isfinite(values)]
    if not len(finite):
        finite = np.zeros(1)
    # Quantiles of so many values are the same without the rest.
    shown = finite if finite.size <= _MOST_VALUES else finite[:: finite.size // _MOST_VALUES + 1]
    counts, edges = np.histogram(shown, bins=_BINS)
    size = np.abs(np.nan_to_num(values))
    small = size < _NEARLY_NOTHING * max(float(size.max()), 1e-30)
    return {
        "name": weight.name,
        "shape": list(values.shape),
        "mean": float(finite.mean()),
        "deviation": float(finite.std()),
        "smallest": float(finite.min()),
        "largest": float(finite.max()),
        "broken": int(values.size - np.isfinite(values).sum()),
        "near_zero": float(small.mean()),
        "silent": _silent(layer, weight, small) if _makes_units(weight.name) else 0.0,
        "histogram": {"counts": counts.tolist(), "edges": edges.tolist()},
    }


def _makes_units(name: str) -> bool:
    """Tell by its name whether what leads into units is in a weight; a bias of zeros is no fault."""
    return name == "embeddings" or name.endswith("kernel")


def _silent(layer: Any, weight: Any, small: np.ndarray) -> float:
    """Return the share of the units of which all values in a kernel are small."""
    silent = small.all(axis=read_axes(layer, weight))
    if hasattr(layer, "state_size"):
        # A recurrent cell's gates lie side by side, each with one part a unit.
        units = layer.units if hasattr(layer, "units") else layer.filters
        silent = silent.reshape(-1, units).all(axis=0)
    return float(silent.mean())


def _notes(told: dict[str, Any]) -> list[str]:
    name = told["name"]
    if told["broken"]:
        return [f"{told['broken']:,} values of {name} are no numbers: training diverged."]
    if not _makes_units(name):
        return []
    if told["deviation"] == 0 and math.prod(told["shape"]) > 1:
        return [f"All values of {name} are the same: its units do the same work again and again."]
    if told["silent"] > 0:
        return [f"{told['silent']:.0%} of the units of {name} have no weight: they could go."]
    if told["near_zero"] > _MOSTLY:
        return [f"{told['near_zero']:.0%} of {name} are nearly zero: the layer could be smaller."]
    return []
