"""How long an epoch will take, measured on a few steps of the real loop over real rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import keras

from builder.data.prepare import Prepared
from builder.train.compiling import compile_model
from builder.train.device import device_name, memory_bytes
from builder.train.pace import step_pace
from builder.train.run_state import Position
from builder.train.steps import Steps
from builder.train.training_data import TrainingData

SECONDS = 2.0
SAMPLING_SECONDS = 0.01


def measure_epoch(
    model: keras.Model,
    prepared: Prepared,
    settings: Mapping[str, Any],
    factors: Mapping[str, float] | None = None,
    seconds: float = SECONDS,
) -> dict[str, Any]:
    """Return how long an epoch will take: training steps and validation, without the first compilation.

    The model is trained by a few steps, and left compiled.

    Args:
        model: a model made by ``builder.compiler.build``.
        prepared: the data.
        settings: the project's training settings, defaults filled in.
        factors: for some layers' names a factor of their learning rate.
        seconds: how long to measure the training steps.

    Returns:
        "epoch_seconds"; "low_seconds" and "high_seconds", the same with the quarter of the calls that was
        fastest and slowest; "first_seconds", what the first step takes, which compiles; "steps" that were
        measured, "steps_per_epoch"; "peak_bytes" of memory that the process held and "before_bytes" that it
        held before; "device"; "finite", whether the loss stayed a number.

    Raises:
        BuilderError: where model, loss and data do not fit together.
    """
    before = memory_bytes()
    with _PeakMemory() as peak:
        data = TrainingData(prepared, settings)
        compile_model(model, data, settings, factors)
        began = time.perf_counter()
        steps, iterator = Steps(model.train_step), data.training_batches(Position())
        _, finite = steps.run(iterator, 1)
        first = time.perf_counter() - began
        training = step_pace(steps, data, lambda: data.training_batches(Position()), "train", seconds, finite)
        validation = _validated(model, data, seconds / 4)
    low, high = training.quarters
    checked = data.steps("validation") * validation
    return {
        "epoch_seconds": data.steps_per_epoch * training.median + checked,
        "low_seconds": data.steps_per_epoch * low + checked,
        "high_seconds": data.steps_per_epoch * high + checked,
        "first_seconds": first,
        "steps": training.steps,
        "steps_per_epoch": data.steps_per_epoch,
        "before_bytes": before,
        "peak_bytes": peak.most,
        "device": device_name(),
        "finite": training.finite,
    }


def _validated(model: keras.Model, data: TrainingData, seconds: float) -> float:
    """Return the seconds a step of validation, 0 where there are no rows for it."""
    if not data.rows["validation"]:
        return 0.0
    steps = Steps(model.test_step)
    steps.run(data.evaluation_batches("validation"), 1)
    return step_pace(steps, data, lambda: data.evaluation_batches("validation"), "validation", seconds).median


class _PeakMemory:
    """Looks many times a second at how much memory the process holds."""

    def __init__(self) -> None:
        self.most = memory_bytes()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(SAMPLING_SECONDS):
            self.most = max(self.most, memory_bytes())
