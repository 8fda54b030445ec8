"""The training loop: exact to the bit after any interruption, live, and obedient within a step or two.

Keras's own ``fit`` cannot go on in mid-epoch. This loop runs ``model.train_step`` itself, in an order of
samples that follows from seed and epoch, so that a position in the run and a checkpoint are enough.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from builder.adversarial.model import AdversarialModel
from builder.data.prepare import Prepared
from builder.runs.smaller_batch import NAMES
from builder.train.adversarial_evaluator import DISTANCE, AdversarialEvaluator
from builder.train.commands import Commands, Interrupted, Stopped
from builder.train.compiling import compile_model
from builder.train.device import device_name
from builder.train.diagnosis import NotFinite, diverged
from builder.train.early_stopping import BestEpoch
from builder.train.epochs import Epochs
from builder.train.evaluator import Evaluator
from builder.train.observing import Observer
from builder.train.outcome import Outcome, run_result, write_model
from builder.train.plateau import plateau_of
from builder.train.precision import lower_precision, restore_precision
from builder.train.replay import cause_of_divergence
from builder.train.reporting import Control, Reporter, Silent
from builder.train.run_reports import RunReports
from builder.train.run_state import RunState
from builder.train.saving import Saver
from builder.train.shaping import Shaping
from builder.train.steps import MAXIMUM_STEPS, Steps
from builder.train.training_data import TrainingData
from builder.train.xla import choose_xla
from builder.training_parameters import HIGHER_IS_BETTER

__all__ = ["Interrupted", "Outcome", "fit"]

CHECKPOINT_SECONDS = 10.0


def fit(
    model: keras.Model,
    prepared: Prepared,
    settings: Mapping[str, Any],
    folder: Path,
    reporter: Reporter | None = None,
    control: Control | None = None,
    most_steps_per_call: int = MAXIMUM_STEPS,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    learning_rate_factors: Mapping[str, float] | None = None,
    shaping: Shaping | None = None,
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
        learning_rate_factors: for some layers' names a factor of their learning rate.
        shaping: what a recipe for smaller models adds.

    Raises:
        BuilderError: where model and data do not fit, training diverged (``diverged``), the checkpoint is
            unusable, the machine cannot calculate as the settings ask, or the disk refuses.
        Interrupted: after the command "interrupt"; a checkpoint was written.
    """
    reporter, control, shaping = reporter or Silent(), control or Silent(), shaping or Shaping()
    data = TrainingData(prepared, settings)
    lowered = lower_precision(model, settings, reporter)
    compile_model(model, data, settings, learning_rate_factors)
    monitor = DISTANCE if isinstance(model, AdversarialModel) else settings["monitor"]
    highest = monitor in HIGHER_IS_BETTER
    best = BestEpoch(settings["patience"] if settings["early_stopping"] else None, highest)
    state = RunState(
        best, plateau=plateau_of(settings, highest), batch={name: settings[name] for name in NAMES}
    )
    saver = Saver(model, state, folder, checkpoint_seconds, reporter.flush)
    reports = RunReports(model, data, state, settings["epochs"], reporter)
    commands = Commands(control, reporter, saver, reports.pace)
    evaluator = _evaluator(model, data, most_steps_per_call)
    steps_in_all = data.steps_per_epoch * settings["epochs"]
    around = shaping.around(model, steps_in_all // settings["accumulation_steps"])
    train_steps = Steps(model.train_step, most_steps_per_call, around)
    observer = Observer(model, data, state, settings, folder, reporter)
    settled = math.ceil(shaping.settled * steps_in_all)
    epochs = Epochs(
        model, data, state, train_steps, evaluator, saver, reports, commands, observer, monitor, settled
    )
    try:
        _begin(epochs, settings, reporter)
        status = _train(epochs, settings["epochs"])
    except NotFinite:
        step, epoch = state.position.global_step, state.position.epoch + 1
        cause = cause_of_divergence(model, data, train_steps, saver, step)
        observer.diverged(f"At step {step} (epoch {epoch}). {cause.sentence}", cause.block)
        raise diverged(settings, step, epoch, state.last_loss, cause) from None
    reports.progress(phase="saving")
    saver.take_best_weights()
    if lowered:
        restore_precision(lowered)
        # What was traced before calculates in 16 bits.
        evaluator = _evaluator(model, data, most_steps_per_call)
    test = evaluator.measure("test")
    kept = shaping.kept or model
    write_model(kept, folder)
    return Outcome(status, run_result(kept, data, state, test))


def _evaluator(model: keras.Model, data: TrainingData, most_steps: int) -> Evaluator | AdversarialEvaluator:
    if isinstance(model, AdversarialModel):
        return AdversarialEvaluator(model, data)
    return Evaluator(model, data, most_steps)


def _begin(epochs: Epochs, settings: Mapping[str, Any], reporter: Reporter) -> None:
    """Take over the checkpoint, or settle for a fresh run whether XLA compiles its steps."""
    state, saver = epochs.state, epochs.saver
    step = saver.resume(epochs.data.rows["train"])
    if step is not None:
        epochs.reports.resumed(step)
    if state.jit_compile is None:
        state.jit_compile = choose_xla(epochs.model, epochs.data, settings, epochs.train_steps, reporter)
        saver.rewind()
    epochs.train_steps.use_xla(state.jit_compile)
    epochs.observer.begins()


def _train(epochs: Epochs, count: int) -> str:
    """Train to the end, and return the run's status."""
    epochs.reports.progress(phase="training", device=device_name())
    status = "finished"
    try:
        epochs.run(count)
    except Stopped:
        status = "stopped"
    epochs.saver.save()
    return status
