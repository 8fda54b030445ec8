"""The training loop: exact to the bit after any interruption, live, and obedient within a step or two.

Keras's own ``fit`` cannot go on in mid-epoch. This loop runs ``model.train_step`` itself, in an order of
samples that follows from seed and epoch, so that a position in the run and a checkpoint are enough.
"""

from __future__ import annotations

import importlib.metadata
import math
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from builder.data.pipeline import batches
from builder.data.prepare import Prepared
from builder.errors import BuilderError
from builder.runs.files import atomic_path
from builder.runs.records import MetricRow
from builder.train.checkpoint import assign, copies, read_checkpoint, write_checkpoint
from builder.train.device import device_name, memory_bytes
from builder.train.diagnosis import Cause, bad_data, cause_in_batch, diverged, layer_with_bad_weights
from builder.train.early_stopping import BestEpoch
from builder.train.objective import balanced_class_weights, objective
from builder.train.optimizers import make_optimizer
from builder.train.randomness import epoch_order
from builder.train.reporting import Control, Pace, Reporter, Silent, SinceLast
from builder.train.steps import MAXIMUM_STEPS, Steps

CHECKPOINT_SECONDS = 10.0
# An epoch's end is saved unless a save is this young: replaying so little is exact and costs less.
EPOCH_END_SECONDS = 2.0
REPORT_SECONDS = 0.125
CHECKPOINT, BEST, MODEL = "checkpoint.npz", "best.npz", "model.keras"


class Interrupted(Exception):
    """Raised after a checkpoint where the process has to end; the run goes on from there."""


class _Stopped(Exception):
    """The person asked for the end; the best weights are kept."""


@dataclass
class Position:
    """How far a run is: finished epochs, steps in the epoch that goes on, steps in all, seconds in all."""

    epoch: int = 0
    step: int = 0
    global_step: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """How a run ended: status "finished" or "stopped", and its result as JSON-ready data."""

    status: str
    result: dict[str, Any]


def fit(
    model: keras.Model,
    prepared: Prepared,
    settings: Mapping[str, Any],
    folder: Path,
    reporter: Reporter | None = None,
    control: Control | None = None,
    most_steps_per_call: int = MAXIMUM_STEPS,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Outcome:
    """Train a model, going on from the checkpoint in ``folder`` if there is one.

    A run that was killed at any moment and goes on gives the same weights, bit for bit, as one that was
    not, on the same machine. At the end the model holds its best weights, which ``model.keras`` keeps.

    Args:
        model: a model made by ``builder.compiler.build`` after ``seed_everything``.
        prepared: the data; the parts "train", "validation" and "test" are used.
        settings: the project's training settings, defaults filled in.
        folder: the run's folder, for ``checkpoint.npz``, ``best.npz`` and ``model.keras``.
        reporter: hears of values, progress and events.
        control: asked several times a second for "pause", "resume", "stop" or "interrupt".
        most_steps_per_call: an upper limit on the steps that one call into TensorFlow runs.
        checkpoint_seconds: the most that a kill can cost.

    Raises:
        BuilderError: where model and data do not fit, training diverged (``diverged``), the checkpoint is
            unusable, or the disk refuses.
        Interrupted: after the command "interrupt"; a checkpoint was written.
    """
    reporter, control = reporter or Silent(), control or Silent()
    speed = (most_steps_per_call, checkpoint_seconds)
    return _Loop(model, prepared, settings, folder, reporter, control, *speed).run()


class _Loop:
    def __init__(
        self,
        model: keras.Model,
        prepared: Prepared,
        settings: Mapping[str, Any],
        folder: Path,
        reporter: Reporter,
        control: Control,
        most_steps: int,
        checkpoint_seconds: float,
    ) -> None:
        self.model, self.prepared, self.settings, self.folder = model, prepared, settings, folder
        self.reporter, self.control = reporter, control
        self.checkpoint_seconds = checkpoint_seconds
        self.rows = {part: len(rows) for part, rows in prepared.indices.items()}
        self.steps_per_epoch = math.ceil(self.rows["train"] / settings["batch_size"])
        self.position = Position()
        self.best = BestEpoch(settings["patience"] if settings["early_stopping"] else None)
        self.best_weights: list[np.ndarray] | None = None
        self.last: dict[str, float] = {}
        self.last_loss: float | None = None
        self.class_weights = self._class_weights()
        self._compile()
        self.train_steps = Steps(model.train_step, most_steps)
        self.test_steps = Steps(model.test_step, most_steps)
        self.saved_at = self.reported_at = self.clock = time.perf_counter()
        self.unsaved_best = False

    # The run as a whole

    def run(self) -> Outcome:
        self._resume()
        self.pace = Pace(self.settings["epochs"] * self.rows["train"])
        self._tell(phase="training", device=device_name())
        status = "finished"
        try:
            while self.position.epoch < self.settings["epochs"] and not self.best.exhausted:
                self._epoch()
        except _Stopped:
            status = "stopped"
        self._save()
        return Outcome(status, self._finish())

    def _epoch(self) -> None:
        self._train_epoch()
        self.last = self._running()
        rate = float(self.model.optimizer.learning_rate)
        self._save_if_older_than(min(EPOCH_END_SECONDS, self.checkpoint_seconds))
        scores = self._measure("validation", "validating")
        epoch = self.position.epoch + 1
        values = {**self.last, **{f"val_{name}": value for name, value in scores.items()}}
        self._check_finite(values)
        self.last = values
        if self.best.update(epoch, values.get("val_loss", values["loss"]), values):
            self.best_weights = copies(self.model.variables)
            self.unsaved_best = True
        self._rows("epoch", epoch, {**values, "learning_rate": rate})
        self.position.epoch, self.position.step = epoch, 0
        self.model.reset_metrics()
        self._tell(phase="training", epoch=epoch, best_epoch=self.best.epoch)
        self._save_if_older_than(min(EPOCH_END_SECONDS, self.checkpoint_seconds))
        self._obey()

    def _train_epoch(self) -> None:
        if self.position.step == self.steps_per_epoch:
            return
        iterator = self._train_iterator()
        since_last = SinceLast()
        since_last.take(self._running(), self._epoch_samples())
        while self.position.step < self.steps_per_epoch:
            self._train_call(iterator)
            if time.perf_counter() - self.reported_at >= REPORT_SECONDS:
                self._report(since_last)
            self._save_if_older_than(self.checkpoint_seconds)
            self._obey()

    def _train_call(self, iterator: Any) -> None:
        done, finite = self.train_steps.run(iterator, self.steps_per_epoch - self.position.step)
        self.position.step += done
        self.position.global_step += done
        if not finite:
            raise self._diverged()

    def _train_iterator(self) -> Any:
        order = epoch_order(self.settings["seed"], self.position.epoch, self.rows["train"])
        size, skip = self.settings["batch_size"], self.position.step
        return iter(batches(self.prepared, "train", size, order, skip, self.class_weights))

    def _measure(self, part: str, phase: str) -> dict[str, float]:
        """Return loss and metrics over a part of the data, or nothing where it has no rows."""
        if not self.rows[part]:
            return {}
        self._tell(phase=phase)
        kept = copies(self.model.metrics_variables)
        self.model.reset_metrics()
        try:
            self._run_test_steps(part, interruptible=phase == "validating")
            return self._running()
        finally:
            # A stop in here may still write a checkpoint, which needs the running values of training.
            assign(self.model.metrics_variables, kept, self.folder / CHECKPOINT)

    def _run_test_steps(self, part: str, interruptible: bool) -> None:
        remaining = math.ceil(self.rows[part] / self.settings["batch_size"])
        iterator = iter(batches(self.prepared, part, self.settings["batch_size"]))
        while remaining:
            done, finite = self.test_steps.run(iterator, remaining)
            remaining = remaining - done if finite else 0
            if interruptible:
                self._obey(save=False)

    def _finish(self) -> dict[str, Any]:
        self._tell(phase="saving")
        if self.best_weights is not None:
            assign(self.model.variables, self.best_weights, self.folder / BEST)
        test = self._measure("test", "saving")
        self._write_model()
        seconds = self.position.seconds
        epochs = self.position.global_step / self.steps_per_epoch
        return {
            "best_epoch": self.best.epoch,
            "epochs_run": self.position.epoch,
            "steps_run": self.position.global_step,
            "metrics": self.best.metrics,
            "last_metrics": self.last,
            "test": test,
            "parameters": self.model.count_params(),
            "seconds": round(seconds, 3),
            "seconds_per_epoch": round(seconds / epochs, 3) if epochs else None,
            "device": device_name(),
            "versions": _versions(),
            "data_hash": self.prepared.spec.data_hash,
        }

    def _write_model(self) -> None:
        # The same layers without optimizer and schedule: a third of the size, and it opens in plain Keras.
        model = keras.Model(self.model.input, self.model.output, name=self.model.name)
        with atomic_path(self.folder / MODEL) as temporary:
            model.save(temporary)

    # Setting up

    def _class_weights(self) -> np.ndarray | None:
        spec = self.prepared.spec
        if spec.task != "classification" or self.settings["class_weights"] != "balanced":
            return None
        targets = np.asarray(self.prepared.targets[self.prepared.indices["train"]])
        return balanced_class_weights(targets, spec.class_count)

    def _compile(self) -> None:
        goal = objective(self.settings, self.prepared.spec, self.model)
        self.model.compile(
            make_optimizer(self.settings, self.steps_per_epoch),
            goal.loss,
            goal.loss_weights,
            goal.metrics,
            # XLA halves the speed of convolutions on a CPU and takes minutes to compile some models.
            jit_compile=False,
        )
        self.model.optimizer.build(self.model.trainable_variables)
        # Keras makes the metrics' variables at their first use; a checkpoint needs them before.
        targets = np.zeros((1,), self.prepared.targets.dtype)
        outputs = np.zeros((1, self.model.outputs[0].shape[-1]), np.float32)
        self.model.compute_loss(None, targets, outputs)
        self.model.compute_metrics(None, targets, outputs)
        self.model.reset_metrics()

    def _resume(self) -> None:
        found = read_checkpoint(self.folder / CHECKPOINT)
        if found is None:
            self._save()
            return
        groups, state = found
        self._restore(groups)
        self.position = Position(**state["position"])
        self.best.restore(state["best"])
        self.last, self.last_loss = state["last"], state["last_loss"]
        best = read_checkpoint(self.folder / BEST) if self.best.epoch else None
        self.best_weights = None if best is None else best[0]["model"]
        self.reporter.goes_on_from(self.position.global_step)
        if self.position.global_step:
            self.reporter.event("resumed", f"Goes on from step {self.position.global_step}.")

    def _restore(self, groups: Mapping[str, list[np.ndarray]]) -> None:
        for name, variables in self._values().items():
            assign(variables, groups.get(name, []), self.folder / CHECKPOINT)

    def _values(self) -> dict[str, list[Any]]:
        # `variables`, because `weights` leaves out the state of the random generators.
        return {
            "model": self.model.variables,
            "optimizer": self.model.optimizer.variables,
            "metrics": self.model.metrics_variables,
        }

    # Saving

    def _save_if_older_than(self, seconds: float) -> None:
        if time.perf_counter() - self.saved_at >= seconds:
            self._save()

    def _save(self) -> None:
        if layer_with_bad_weights(self.model):
            raise self._diverged()
        self._count_seconds()
        if self.unsaved_best and self.best_weights is not None:
            # First, so that a kill in between leaves a best epoch that the replay finds again.
            state = {"epoch": self.best.epoch, "metrics": self.best.metrics}
            write_checkpoint(self.folder / BEST, {"model": self.best_weights}, state)
            self.unsaved_best = False
        state = {
            "position": asdict(self.position),
            "best": self.best.to_json(),
            "last": self.last,
            "last_loss": self.last_loss,
        }
        write_checkpoint(self.folder / CHECKPOINT, self._values(), state)
        self.saved_at = time.perf_counter()

    def _count_seconds(self) -> None:
        now = time.perf_counter()
        self.position.seconds += now - self.clock
        self.clock = now

    # Commands

    def _obey(self, save: bool = True) -> None:
        command = self.control.command()
        if command == "pause":
            command = self._pause(save)
        if command not in ("stop", "interrupt"):
            return
        if command == "stop":
            raise _Stopped
        if save:
            self._save()
        raise Interrupted

    def _pause(self, save: bool) -> str | None:
        """Wait until another command comes, and return it."""
        if save:
            self._save()
        began = time.perf_counter()
        self.reporter.paused(True)
        while (command := self.control.command()) == "pause":
            self.control.wait(0.2)
        seconds = time.perf_counter() - began
        self.clock += seconds
        self.pace.leave_out(seconds)
        self.reporter.paused(False)
        return command

    # Reports

    def _report(self, since_last: SinceLast) -> None:
        self.reported_at = time.perf_counter()
        values = since_last.take(self._running(), self._epoch_samples())
        self.last_loss = values["loss"]
        self._rows("step", self.position.epoch + 1, values)
        self._tell(**self.pace.values(self._samples_done()))

    def _running(self) -> dict[str, float]:
        return {name: float(value) for name, value in self.model.get_metrics_result().items()}

    def _rows(self, scope: str, epoch: int, values: Mapping[str, float]) -> None:
        step = self.position.global_step
        self.reporter.metrics([MetricRow(scope, step, epoch, name, value) for name, value in values.items()])

    def _tell(self, **values: Any) -> None:
        position = {
            "epoch": min(self.position.epoch + 1, self.settings["epochs"]),
            "epochs": self.settings["epochs"],
            "step": self.position.step
            if self.position.epoch < self.settings["epochs"]
            else self.steps_per_epoch,
            "steps_per_epoch": self.steps_per_epoch,
            "memory_bytes": memory_bytes(),
        }
        self.reporter.progress({**position, **values})

    def _epoch_samples(self) -> int:
        return min(self.position.step * self.settings["batch_size"], self.rows["train"])

    def _samples_done(self) -> int:
        return self.position.epoch * self.rows["train"] + self._epoch_samples()

    # Divergence

    def _check_finite(self, values: Mapping[str, float]) -> None:
        # The weights as well: an activation such as relu can hide NaN from the loss.
        if not all(map(math.isfinite, values.values())) or layer_with_bad_weights(self.model):
            raise self._diverged()

    def _diverged(self) -> BuilderError:
        at = Position(**asdict(self.position))
        cause = bad_data(self.prepared) or self._replay(at.global_step)
        return diverged(self.settings, at.global_step, at.epoch + 1, self.last_loss, cause)

    def _replay(self, until: int) -> Cause:
        """Go over the steps since the last checkpoint again, one by one, and return what went wrong first."""
        found = read_checkpoint(self.folder / CHECKPOINT)
        if found is None:
            return Cause()
        self._restore(found[0])
        position = self.position = Position(**found[1]["position"])
        iterator = None
        while position.global_step < until - 1:
            if position.step == self.steps_per_epoch:
                position.epoch, position.step, iterator = position.epoch + 1, 0, None
            iterator = iterator or self._train_iterator()
            self.train_steps.run(iterator, 1)
            position.step += 1
            position.global_step += 1
            if layer := layer_with_bad_weights(self.model):
                return Cause(
                    layer, f"The first weights that are not numbers appeared in the block '{layer}'."
                )
        if position.step == self.steps_per_epoch:
            position.epoch, position.step, iterator = position.epoch + 1, 0, None
        return cause_in_batch(self.model, next(iterator or self._train_iterator())[0])


def _versions() -> dict[str, str]:
    names = ("keras", "tensorflow", "numpy")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}
