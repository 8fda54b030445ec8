"""Which batch size suits model and machine, measured on a few real steps of each."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import psutil

from builder.data.prepare import Prepared
from builder.train.compiling import compile_model
from builder.train.device import memory_bytes
from builder.train.diagnosis import is_memory_error
from builder.train.run_state import Position
from builder.train.steps import Steps
from builder.train.training_data import TrainingData

SIZES = (8, 16, 32, 64, 128, 256, 512)
CALLS = 4
SECONDS_A_SIZE = 1.5
# A smaller batch learns more from an epoch, so it is taken where it is about as fast.
NEARLY_AS_FAST = 0.85
# So many weight changes an epoch at least: else a large batch is fast and learns nothing.
FEWEST_STEPS = 10
MEMORY_SHARE = 0.8


def measure_batch_sizes(
    build: Callable[[], keras.Model],
    prepared: Prepared,
    settings: Mapping[str, Any],
    on_progress: Callable[[float, str], None] | None = None,
) -> dict[str, Any]:
    """Return how fast several batch sizes train, and the smallest that is about as fast as any.

    Args:
        build: makes the model anew.
        prepared: the data.
        settings: the project's training settings, defaults filled in.
        on_progress: called with the done share, 0 to 1, and words.

    Returns:
        "sizes", a list of ``{"batch_size", "samples_per_second", "memory_bytes"}``, with None for both
        where memory did not suffice; "suggestion", a batch size; "before", the one that is set now.

    Raises:
        BuilderError: where model, loss and data do not fit together.
    """
    rows, found = len(prepared.indices["train"]), []
    sizes = [size for size in SIZES if size == SIZES[0] or rows // size >= FEWEST_STEPS]
    for number, size in enumerate(sizes):
        if on_progress is not None:
            on_progress(number / len(sizes), f"{size} samples a step")
        speed = _speed(build(), prepared, {**settings, "batch_size": size})
        memory = None if speed is None else memory_bytes()
        found.append({"batch_size": size, "samples_per_second": speed, "memory_bytes": memory})
        if speed is None or psutil.virtual_memory().percent > 100 * MEMORY_SHARE:
            break
    return {"sizes": found, "suggestion": _chosen(found), "before": settings["batch_size"]}


def _speed(model: keras.Model, prepared: Prepared, settings: Mapping[str, Any]) -> float | None:
    """Return the samples a second of a batch size; None where memory does not suffice."""
    try:
        return _measured(model, prepared, settings)
    except Exception as error:
        if is_memory_error(error):
            return None
        raise


def _measured(model: keras.Model, prepared: Prepared, settings: Mapping[str, Any]) -> float:
    data = TrainingData(prepared, settings)
    compile_model(model, data, settings)
    steps, iterator = Steps(model.train_step), data.training_batches(Position())
    left = data.steps_per_epoch
    rates: list[float] = []
    # The first call compiles, and the last batch of an epoch is smaller: both tell nothing.
    left -= steps.run(iterator, 1)[0]
    deadline = time.perf_counter() + SECONDS_A_SIZE
    while len(rates) < CALLS or (time.perf_counter() < deadline and len(rates) < 4 * CALLS):
        if left <= 1:
            left, iterator = data.steps_per_epoch, data.training_batches(Position())
        began = time.perf_counter()
        done, _ = steps.run(iterator, max(left - 1, 1))
        rates.append(done * min(settings["batch_size"], data.rows["train"]) / (time.perf_counter() - began))
        left -= done
    return statistics.median(rates)


def _chosen(found: list[dict[str, Any]]) -> int:
    fitting = [item for item in found if item["samples_per_second"] is not None]
    if not fitting:
        return 1
    fastest = max(item["samples_per_second"] for item in fitting)
    fast = [item for item in fitting if item["samples_per_second"] >= NEARLY_AS_FAST * fastest]
    return int(fast[0]["batch_size"])
