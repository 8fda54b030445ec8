"""What a run tells of its values and its progress, and how often."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import keras

from builder.runs.records import MetricRow
from builder.train.device import memory_bytes
from builder.train.evaluator import running_values
from builder.train.reporting import Reporter, SinceLast
from builder.train.run_state import RunState
from builder.train.timing import Pace
from builder.train.training_data import TrainingData

REPORT_SECONDS = 0.125


class RunReports:
    """Tells a reporter of steps, epochs and progress.

    Args:
        model: the model in training, whose metrics hold the running values.
        data: the run's data.
        state: the run's state; its ``last_loss`` is kept here.
        epochs: the number of epochs of the run.
        reporter: hears it.
    """

    def __init__(
        self, model: keras.Model, data: TrainingData, state: RunState, epochs: int, reporter: Reporter
    ) -> None:
        self._model, self._data, self._state = model, data, state
        self._epochs, self._reporter = epochs, reporter
        self._since_last = SinceLast()
        self._reported_at = time.perf_counter()
        self.pace = Pace(epochs * data.rows["train"])

    def resumed(self, step: int) -> None:
        """Tell that the run goes on from a step."""
        self._reporter.goes_on_from(step, self._state.position.epoch)
        if step:
            self._reporter.event("resumed", f"Goes on from step {step}.")

    def begin_epoch(self) -> None:
        """Count the values of steps from here, in mid-epoch too."""
        self._since_last = SinceLast()
        self._step_values()

    def step_if_due(self) -> None:
        """Report the values since the last report, some times a second."""
        if time.perf_counter() - self._reported_at < REPORT_SECONDS:
            return
        self._reported_at = time.perf_counter()
        values = self._step_values()
        self._state.last_loss = values["loss"]
        self._rows("step", values)
        self.progress(**self.pace.values(self._data.samples_done(self._state.position)))

    def epoch(self, values: Mapping[str, float]) -> None:
        """Report the values of the epoch at whose end the run is."""
        self._rows("epoch", values)

    def learning_rate_lowered(self, rate: float, monitor: str) -> None:
        """Tell that a plateau has lowered the learning rate."""
        words = f"The {monitor.replace('_', ' ')} no longer improved: the learning rate is now {rate:.3g}."
        self._reporter.event("learning_rate", words)

    def progress(self, **values: Any) -> None:
        """Tell the position, and values that go with it."""
        position, steps = self._state.position, self._data.steps_per_epoch
        at = {
            "epoch": min(position.epoch + 1, self._epochs),
            "epochs": self._epochs,
            "step": position.step if position.epoch < self._epochs else steps,
            "steps_per_epoch": steps,
            "memory_bytes": memory_bytes(),
        }
        self._reporter.progress({**at, **values})

    def _step_values(self) -> dict[str, float]:
        samples = self._data.epoch_samples(self._state.position)
        return self._since_last.take(running_values(self._model), samples)

    def _rows(self, scope: str, values: Mapping[str, float]) -> None:
        position = self._state.position
        step, epoch = position.global_step, position.epoch + 1
        self._reporter.metrics([MetricRow(scope, step, epoch, name, value) for name, value in values.items()])
