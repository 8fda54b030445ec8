"""The epochs of a run: training steps, validation, and the choice of the best."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras

from builder.train.adversarial_evaluator import AdversarialEvaluator
from builder.train.averaging import averaged_weights
from builder.train.commands import Commands
from builder.train.diagnosis import NotFinite, layer_with_bad_weights
from builder.train.evaluator import Evaluator, running_values
from builder.train.observing import Observer
from builder.train.run_reports import RunReports
from builder.train.run_state import RunState
from builder.train.saving import Saver
from builder.train.steps import Steps
from builder.train.training_data import TrainingData


@dataclass(frozen=True)
class Epochs:
    """Trains one epoch after the other, in steps that a checkpoint and a position describe exactly.

    ``monitor`` is the value, over the validation data if there are any, that tells which epoch is the best;
    one that ends before the step ``settled`` never is.
    """

    model: keras.Model
    data: TrainingData
    state: RunState
    train_steps: Steps
    evaluator: Evaluator | AdversarialEvaluator
    saver: Saver
    reports: RunReports
    commands: Commands
    observer: Observer
    monitor: str = "loss"
    settled: int = 0

    def run(self, epochs: int) -> None:
        """Train until so many epochs are finished, or until the patience ends.

        Raises:
            Stopped, Interrupted: where that is asked for.
            NotFinite: where training diverged.
            BuilderError: where a checkpoint cannot be written.
        """
        while self.state.position.epoch < epochs and not self.state.best.exhausted:
            self._train()
            self._end_epoch()
            is_last = self.state.position.epoch >= epochs or self.state.best.exhausted
            self.observer.epoch_done(is_last)

    def _train(self) -> None:
        """Do the steps that are left of the epoch."""
        position = self.state.position
        if position.step == self.data.steps_per_epoch:
            return
        iterator = self.data.training_batches(position)
        self.reports.begin_epoch()
        while position.step < self.data.steps_per_epoch:
            self._call(iterator)
            self.reports.step_if_due()
            self.observer.steps_done()
            self.saver.save_if_due()
            self.commands.obey()

    def _call(self, iterator: Any) -> None:
        position = self.state.position
        done, finite = self.train_steps.run(iterator, self.data.steps_per_epoch - position.step)
        position.advance(done)
        if not finite:
            raise NotFinite

    def _end_epoch(self) -> None:
        """Measure the epoch, remember it if it is the best, and report it."""
        state = self.state
        state.last = running_values(self.model)
        rate = float(self.model.optimizer.learning_rate)
        self.saver.save_at_epoch_end()
        with averaged_weights(self.model):
            values = {**state.last, **self._validation_values()}
            self._check_finite(values)
            state.last = values
            watched = next(values[name] for name in (f"val_{self.monitor}", self.monitor) if name in values)
            counts = state.position.global_step >= self.settled
            if counts and state.best.update(state.position.epoch + 1, watched, values):
                self.saver.keep_best_weights()
        self.reports.epoch({**values, "learning_rate": rate})
        self._lower_rate(watched)
        state.history.append(dict(values))
        state.position.end_epoch()
        self.model.reset_metrics()
        self.reports.progress(phase="training", epoch=state.position.epoch, best_epoch=state.best.epoch)
        self.saver.save_at_epoch_end()
        self.commands.obey()

    def _lower_rate(self, watched: float) -> None:
        state = self.state
        if state.plateau is None:
            return
        rate = state.plateau.update(state.position.epoch + 1, watched, self.model.optimizer)
        if rate is not None:
            self.reports.learning_rate_lowered(rate, self.monitor)

    def _validation_values(self) -> dict[str, float]:
        if self.data.rows["validation"]:
            self.reports.progress(phase="validating")
        scores = self.evaluator.measure("validation", between=partial(self.commands.obey, save=False))
        return {f"val_{name}": value for name, value in scores.items()}

    def _check_finite(self, values: Mapping[str, float]) -> None:
        # The weights as well: an activation such as relu can hide NaN from the loss.
        if not all(map(math.isfinite, values.values())) or layer_with_bad_weights(self.model):
            raise NotFinite
