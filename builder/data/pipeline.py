"""Batches of prepared data as a ``tf.data.Dataset``, in an order that the caller decides."""

from __future__ import annotations

import mmap
from collections.abc import Generator, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from builder.data.block_order import BlockOrder, RowOrder
from builder.data.prepare import Prepared

# Below this many bytes in all, the arrays are held in memory; above, they are read from the disk in windows.
IN_MEMORY_BYTES = 400_000_000
# Pixels and sound are kept small and enter the model as float32.
_SMALL = (tf.uint8, tf.int16)


class Change(Protocol):
    """A change of batches on their way to the model, such as augmentation, drawn from a seed alone."""

    def __call__(
        self, arrays: dict[str, tf.Tensor], targets: Any, weights: Any, seed: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], Any, Any]:
        """Return a batch's arrays by name, targets and sample weights (or None), changed.

        ``seed``, of shape (2,) and int32, is another one for every batch of every epoch, and the same again
        for the same batch: what is drawn from it with ``tf.random.stateless_*`` is the same after a resume.
        """


def in_turn(*changes: Change | None) -> Change | None:
    """Return one change after the other as a single one; None where there is none."""
    wanted = [change for change in changes if change is not None]
    if len(wanted) < 2:
        return wanted[0] if wanted else None

    def change(
        arrays: dict[str, tf.Tensor], targets: Any, weights: Any, seed: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], Any, Any]:
        for number, one in enumerate(wanted):
            arrays, targets, weights = one(arrays, targets, weights, tf.random.fold_in(seed, number))
        return arrays, targets, weights

    return change


def batches(
    prepared: Prepared,
    part: str,
    batch_size: int,
    order: np.ndarray | BlockOrder | None = None,
    skip_batches: int = 0,
    class_weights: Sequence[float] | np.ndarray | None = None,
    change: Change | None = None,
    seed: tuple[int, int] = (0, 0),
) -> tf.data.Dataset:
    """Return batches of (inputs, targets) or, with weights, (inputs, targets, sample weights).

    Inputs are one tensor where the model has one array, else a dictionary by array name; targets, and the
    weights with them, are one tensor, or a tuple where the data have further targets. The last, smaller batch
    is kept.

    Args:
        prepared: the prepared data.
        part: ``"train"``, ``"validation"`` or ``"test"``.
        batch_size: samples a batch.
        order: the order wanted: positions within the part, 0 to rows - 1, such as a permutation, or, for
            data that are not held in memory, a ``BlockOrder``; by default the rows' own order.
        skip_batches: batches at the beginning of the order that are left out, to resume in mid-epoch.
        class_weights: one weight a class of the first target.
        change: changes every batch.
        seed: what ``change`` draws from, such as the run's seed and the epoch.
    """
    names = [array.name for array in prepared.spec.arrays]
    weights = None if class_weights is None else tf.constant(np.asarray(class_weights, dtype=np.float32))

    def assemble(number: tf.Tensor, found: tuple[tf.Tensor, ...]) -> tuple[Any, ...]:
        values, targets = found[: len(names)], found[len(names) :]
        arrays = {
            name: tf.cast(array, tf.float32) if array.dtype in _SMALL else array
            for name, array in zip(names, values, strict=True)
        }
        # Classes of many places are kept small, too.
        targets = tuple(tf.cast(item, tf.int32) if item.dtype == tf.int16 else item for item in targets)
        weight = None if weights is None else _weights(weights, targets)
        targets = targets if len(targets) > 1 else targets[0]
        if change is not None:
            own_seed = tf.random.fold_in(tf.constant(seed, tf.int32), tf.cast(number, tf.int32))
            arrays, targets, weight = change(arrays, targets, weight, own_seed)
        inputs = arrays[names[0]] if len(names) == 1 else arrays
        return (inputs, targets) if weight is None else (inputs, targets, weight)

    if isinstance(order, np.ndarray) or is_in_memory(prepared):
        found = _gathered(prepared, part, batch_size, order, skip_batches)
    else:
        chosen = order or RowOrder.for_rows(len(prepared.indices[part]), row_bytes(prepared))
        found = _streamed(prepared, part, batch_size, chosen, skip_batches)
    numbered = found.enumerate(skip_batches)
    assembled = numbered.map(assemble, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return assembled.prefetch(tf.data.AUTOTUNE)


def epoch_order(prepared: Prepared, part: str, seed: int, epoch: int) -> np.ndarray | BlockOrder:
    """Return the order of an epoch's samples, which depends on the data, seed and epoch (from 0) alone.

    Data that fit into memory are shuffled sample by sample, larger ones by blocks.
    """
    rows = len(prepared.indices[part])
    if is_in_memory(prepared):
        return np.random.default_rng((seed, epoch)).permutation(rows)
    return BlockOrder.for_rows(seed, epoch, rows, row_bytes(prepared))


def is_in_memory(prepared: Prepared) -> bool:
    """Tell whether prepared data are held in memory while a model trains on them."""
    return sum(array.nbytes for array in prepared.arrays.values()) < IN_MEMORY_BYTES


def row_bytes(prepared: Prepared) -> int:
    """Return the bytes of one sample's arrays as they are stored."""
    return sum(array.nbytes // max(len(array), 1) for array in prepared.arrays.values())


def _weights(class_weights: tf.Tensor, targets: tuple[tf.Tensor, ...]) -> Any:
    """Return the samples' weights for each target; only the first one has classes with weights."""
    first, *others = targets
    # Places that do not count are negative, and have any weight.
    weights = tf.gather(class_weights, tf.maximum(first, 0))
    return (weights, *(tf.ones_like(weights) for _ in others)) if others else weights


def _gathered(
    prepared: Prepared, part: str, batch_size: int, order: Any, skip_batches: int
) -> tf.data.Dataset:
    positions = np.arange(len(prepared.indices[part])) if order is None else np.asarray(order)
    positions = positions[skip_batches * batch_size :].astype(np.int64)
    gather = _memory_gather if is_in_memory(prepared) else _disk_gather
    dataset = tf.data.Dataset.from_tensor_slices(positions).batch(batch_size)
    return dataset.map(gather(prepared, part), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _streamed(
    prepared: Prepared, part: str, batch_size: int, order: BlockOrder | RowOrder, skip_batches: int
) -> tf.data.Dataset:
    """Read window after window; batches that were seen already are passed over without being read."""
    rows = prepared.indices[part]
    arrays = [*(prepared.arrays[array.name] for array in prepared.spec.arrays), *prepared.all_targets]
    signature = tuple(tf.TensorSpec((None, *array.shape[1:]), array.dtype) for array in arrays)

    def read() -> Iterator[tuple[np.ndarray, ...]]:
        seen = skip_batches * batch_size
        waiting: list[np.ndarray] = []
        for start, positions, shuffle in order.windows():
            if start + len(positions) <= seen:
                continue
            window = [_read(array, rows[positions]) for array in arrays]
            pieces = _cut(waiting, window, shuffle[max(seen - start, 0) :], batch_size)
            waiting = yield from pieces
        if waiting:
            yield tuple(waiting)

    return tf.data.Dataset.from_generator(read, output_signature=signature)


def _cut(
    waiting: list[np.ndarray], window: list[np.ndarray], places: np.ndarray, batch_size: int
) -> Generator[tuple[np.ndarray, ...], None, list[np.ndarray]]:
    """Return the whole batches of what waits and a window's rows; what is left waits for the next window."""
    first = batch_size - len(waiting[0]) if waiting else 0
    if waiting:
        pairs = zip(waiting, window, strict=True)
        waiting = [np.concatenate([old, new[places[:first]]]) for old, new in pairs]
        if len(waiting[0]) < batch_size:
            return waiting
        yield tuple(waiting)
    last = first + (len(places) - first) // batch_size * batch_size
    for start in range(first, last, batch_size):
        yield tuple(array[places[start : start + batch_size]] for array in window)
    return [array[places[last:]] for array in window] if last < len(places) else []


def _read(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    found = np.asarray(array[rows])
    # What was mapped for it would count as the process's memory until the file is closed.
    mapped = getattr(array, "_mmap", None)
    if mapped is not None:
        mapped.madvise(mmap.MADV_DONTNEED)
    return found


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
        return [tf.constant(array[rows]) for array in (*arrays, *prepared.all_targets)]


def _disk_gather(prepared: Prepared, part: str) -> Any:
    rows = prepared.indices[part]
    arrays = [*(prepared.arrays[array.name] for array in prepared.spec.arrays), *prepared.all_targets]
    shapes = [array.shape[1:] for array in arrays]

    def read(chosen: np.ndarray) -> list[np.ndarray]:
        return [np.asarray(array[rows[chosen]]) for array in arrays]

    def fetch(chosen: tf.Tensor) -> list[tf.Tensor]:
        found = tf.numpy_function(read, [chosen], [array.dtype for array in arrays])
        return [tf.ensure_shape(array, (None, *shape)) for array, shape in zip(found, shapes, strict=True)]

    return fetch
