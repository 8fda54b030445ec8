"""Weights out of a file: checked as data first, then read by Keras into the model that we have built."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from builder.errors import stop
from builder.importer.archive import WEIGHTS_MEMBER, Archive, copy_weights
from builder.sizes import GB, size_words

MOST_ENTRIES = 100_000
LARGEST_BYTES = 4 * GB
# A file that is mostly fill values declares far more than it stores.
LARGEST_RATIO, SMALL = 100, 1_000_000
_PLAIN_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}


def load_weights(model: keras.Model, archive: Archive) -> None:
    """Give a model the weights of a checked file.

    Raises:
        BuilderError: where the weights are missing, unsafe, or do not fit the model.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / WEIGHTS_MEMBER
        copy_weights(archive, file)
        check_weights(file, archive.path.name)
        try:
            model.load_weights(file)
        except Exception as error:  # Keras raises many types; the message is all that is used.
            words = str(error).strip().splitlines() or [type(error).__name__]
            message = (
                f"The weights in {archive.path.name} do not fit its layers. Keras says: {words[0][:300]}"
            )
            raise stop("weights_unusable", message) from error


def check_weights(file: Path, name: str) -> None:
    """Raise BuilderError unless an HDF5 file holds plain numbers, all of them in this very file.

    Args:
        name: what the file is called in messages.
    """
    try:
        with h5py.File(file, "r") as opened:
            faults = _faults(opened)
            fault = next(faults, None)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise stop("weights_unusable", f"The weights in {name} cannot be read ({error}).") from error
    if fault:
        raise stop("hostile_file", f"The weights in {name} {fault}, so they are not loaded.")


def _faults(opened: Any) -> Iterator[str]:
    total, entries = 0, 0
    waiting = [opened]
    while waiting:
        group = waiting.pop()
        for key in group:
            entries += 1
            if entries > MOST_ENTRIES:
                yield f"hold more than {MOST_ENTRIES:,} entries"
                return
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                yield f"hold a link to another place ('{key[:60]}')"
                return
            item = group[key]
            if isinstance(item, h5py.Group):
                waiting.append(item)
                continue
            fault = _dataset_fault(item, key)
            if fault:
                yield fault
            total += math.prod(item.shape) * item.dtype.itemsize
            if total > LARGEST_BYTES:
                yield f"would fill more than {size_words(LARGEST_BYTES)} of memory"
                return


def _dataset_fault(item: Any, key: str) -> str | None:
    if not isinstance(item, h5py.Dataset) or item.shape is None:
        return f"hold something that is no array ('{key[:60]}')"
    if item.external or item.is_virtual:
        return f"take numbers from another file ('{key[:60]}')"
    is_bfloat16 = item.attrs.get("dtype") == "bfloat16"
    if item.dtype.kind not in "fiub" and not (is_bfloat16 and item.dtype.itemsize == 2):
        return f"hold something that is no number ('{key[:60]}')"
    filters = item.id.get_create_plist()
    used = {filters.get_filter(number)[0] for number in range(filters.get_nfilters())}
    if used - _PLAIN_FILTERS:
        return f"are packed in an unknown way ('{key[:60]}')"
    declared = math.prod(item.shape) * item.dtype.itemsize
    if declared > SMALL and declared > LARGEST_RATIO * max(1, item.id.get_storage_size()):
        return f"declare {declared:,} bytes of which hardly any are stored ('{key[:60]}')"
    return None


def by_path(model: keras.Model) -> dict[str, np.ndarray]:
    """Return a model's weights by their path, such as ``"dense/kernel"``."""
    return {weight.path: np.asarray(weight) for weight in model.weights}
