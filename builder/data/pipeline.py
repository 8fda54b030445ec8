"""Batches of prepared data as a ``tf.data.Dataset``, in an order that the caller decides."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from builder.data.prepare import Prepared

# Below this many bytes in all, the arrays are held in memory; above, each batch is read from the disk.
IN_MEMORY_BYTES = 1_000_000_000


def batches(
    prepared: Prepared,
    part: str,
    batch_size: int,
    order: np.ndarray | None = None,
    skip_batches: int = 0,
    class_weights: Sequence[float] | np.ndarray | None = None,
) -> tf.data.Dataset:
    """Return batches of (inputs, targets) or, with class weights, (inputs, targets, sample weights).

    Inputs are one tensor where the model has one array, else a dictionary by array name. The last,
    smaller batch is kept.

    Args:
        prepared: the prepared data.
        part: ``"train"``, ``"validation"`` or ``"test"``.
        batch_size: samples a batch.
        order: positions within the part, 0 to rows - 1, in the order wanted, such as a permutation;
            by default the rows' own order.
        skip_batches: batches at the beginning of the order that are left out, to resume in mid-epoch.
        class_weights: one weight a class.
    """
    positions = np.arange(len(prepared.indices[part])) if order is None else np.asarray(order)
    positions = positions[skip_batches * batch_size :].astype(np.int64)
    gather = _memory_gather if _total_bytes(prepared) < IN_MEMORY_BYTES else _disk_gather
    fetch = gather(prepared, part)
    names = [array.name for array in prepared.spec.arrays]
    weights = None if class_weights is None else tf.constant(np.asarray(class_weights, dtype=np.float32))

    def assemble(chosen: tf.Tensor) -> tuple[Any, ...]:
        *arrays, targets = fetch(chosen)
        arrays = [tf.cast(array, tf.float32) if array.dtype == tf.uint8 else array for array in arrays]
        inputs = arrays[0] if len(arrays) == 1 else dict(zip(names, arrays, strict=True))
        return (inputs, targets) if weights is None else (inputs, targets, tf.gather(weights, targets))

    dataset = tf.data.Dataset.from_tensor_slices(positions).batch(batch_size)
    return dataset.map(assemble, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(
        tf.data.AUTOTUNE
    )


def _total_bytes(prepared: Prepared) -> int:
    return sum(array.nbytes for array in prepared.arrays.values())


def _memory_gather(prepared: Prepared, part: str) -> Any:
    tensors = _part_in_memory(prepared.folder, part)

    def fetch(chosen: tf.Tensor) -> list[tf.Tensor]:
        return [tf.gather(tensor, chosen) for tensor in tensors]

    return fetch


# Every epoch asks for new batches; the three parts of one data set stay in memory between them.
@lru_cache(maxsize=3)
def _part_in_memory(folder: Path, part: str) -> list[tf.Tensor]:
    prepared = Prepared.open(folder)
    rows = prepared.indices[part]
    with tf.device("CPU"):
        arrays = [prepared.arrays[array.name] for array in prepared.spec.arrays]
        return [tf.constant(array[rows]) for array in (*arrays, prepared.targets)]


def _disk_gather(prepared: Prepared, part: str) -> Any:
    rows = prepared.indices[part]
    arrays = [*(prepared.arrays[array.name] for array in prepared.spec.arrays), prepared.targets]
    shapes = [array.shape[1:] for array in arrays]

    def read(chosen: np.ndarray) -> list[np.ndarray]:
        return [np.asarray(array[rows[chosen]]) for array in arrays]

    def fetch(chosen: tf.Tensor) -> list[tf.Tensor]:
        found = tf.numpy_function(read, [chosen], [array.dtype for array in arrays])
        return [tf.ensure_shape(array, (None, *shape)) for array, shape in zip(found, shapes, strict=True)]

    return fetch
