"""Numbers about what a block puts out for one sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from builder.explain.preview.block_model import Value

BINS = 24


def statistics(value: Value) -> dict[str, Any]:
    """Return count, mean, deviation, extremes, share of zeros, and how many are not finite.

    Steps that the mask leaves out do not count. For images and sequences ``channels`` and
    ``dead_channels`` tell how many channels there are and how many of them are zero everywhere. Numbers
    that cannot be told are None.
    """
    counted = _counted(value)
    values = counted.reshape(-1)
    finite = values[np.isfinite(values)]
    has_channels = counted.ndim >= 2
    return {
        "count": int(values.size),
        "mean": float(finite.mean()) if finite.size else None,
        "deviation": float(finite.std()) if finite.size else None,
        "minimum": float(finite.min()) if finite.size else None,
        "maximum": float(finite.max()) if finite.size else None,
        "zeros": float(np.mean(values == 0)) if values.size else 0.0,
        "not_finite": int(values.size - finite.size),
        "channels": int(counted.shape[-1]) if has_channels else None,
        "dead_channels": int((counted == 0).reshape(-1, counted.shape[-1]).all(axis=0).sum())
        if has_channels and values.size
        else None,
    }


def histogram(value: Value) -> dict[str, Any] | None:
    """Return ``{"counts", "low", "high"}`` of the finite values in equal bins; None where there is none."""
    values = _counted(value).reshape(-1)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    low, high = float(finite.min()), float(finite.max())
    counts, _ = np.histogram(finite, bins=BINS, range=(low, high if high > low else low + 1.0))
    return {"counts": counts.tolist(), "low": low, "high": high}


def root_mean_square(numbers: dict[str, Any]) -> float | None:
    """Return the size of the values, from their statistics; None where none is finite."""
    if numbers["mean"] is None:
        return None
    return float(np.hypot(numbers["mean"], numbers["deviation"]))


def _counted(value: Value) -> np.ndarray:
    """Return the values of the sample as float64, without the steps that the mask leaves out."""
    sample, mask = np.asarray(value.array[0], dtype=np.float64), value.mask
    if mask is None or sample.ndim != 2 or mask.shape[1:] != sample.shape[:1]:
        return sample
    return sample[mask[0].astype(bool)]
