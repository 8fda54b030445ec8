"""Whether XLA compiles the training steps of a run: as the person asks, or as a short measurement tells.

XLA speeds some models up by a half and slows others down to a half, and takes seconds or minutes to compile;
which one holds depends on model, batch and machine, so that only trying tells.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from builder.errors import BuilderError, stop
from builder.train.pace import StepPace, step_pace
from builder.train.reporting import Reporter
from builder.train.run_state import Position
from builder.train.steps import Steps
from builder.train.training_data import TrainingData

# Compilation takes two or three milliseconds an operation; an unrolled recurrent layer has hundreds of
# thousands of them.
SECONDS_AN_OPERATION = 0.003
MOST_OPERATIONS = 20_000
# A run has to take so many times as long as the compilation: trying costs it a twentieth at most.
WORTH = 20.0
# A smaller difference may be chance.
GAIN = 0.9
MEASURED_SECONDS = 1.0
_FEW_CALLS = 3


def choose_xla(
    model: keras.Model, data: TrainingData, settings: Mapping[str, Any], steps: Steps, reporter: Reporter
) -> bool:
    """Tell whether XLA is to compile the steps of a fresh run; that is trained by some steps meanwhile.

    Args:
        model: the compiled model.
        data: the run's data.
        settings: the project's training settings, defaults filled in.
        steps: runs the model's training steps; left with or without XLA.
        reporter: hears what was found.

    Raises:
        BuilderError: ``xla_unsupported`` where XLA is asked for and cannot compile this model.
    """
    wish = settings["jit_compile"]
    if wish == "off" or settings["deterministic"]:
        return False

    def batches() -> Any:
        return data.training_batches(Position())

    if wish == "on":
        _prove(model, steps, batches)
        return True
    return _is_faster(model, data, settings["epochs"], steps, batches, reporter)


def _prove(model: keras.Model, steps: Steps, batches: Callable[[], Any]) -> None:
    if not _supports_xla(model):
        raise _unsupported("one of its layers has no form that XLA can compile")
    try:
        steps.use_xla(True)
        steps.run(batches(), 1)
    except (tf.errors.OpError, ValueError) as error:
        raise _unsupported(str(error).splitlines()[0][:200]) from error


def _is_faster(
    model: keras.Model,
    data: TrainingData,
    epochs: int,
    steps: Steps,
    batches: Callable[[], Any],
    reporter: Reporter,
) -> bool:
    iterator = batches()
    _, finite = steps.run(iterator, 1)
    quick = step_pace(steps, data, batches, "train", 0.0, finite, _FEW_CALLS)
    operations = steps.operations(iterator)
    run_seconds = min(quick.seconds, default=0.0) * data.steps_per_epoch * epochs
    is_short = run_seconds < WORTH * SECONDS_AN_OPERATION * operations
    if is_short or not quick.finite or not _supports_xla(model):
        return False
    if operations > MOST_OPERATIONS:
        reporter.event(
            "xla", "XLA was not tried: this model has so many operations that it would take minutes."
        )
        return False
    reporter.progress({"phase": "trying XLA"})
    plain = step_pace(steps, data, batches, "train", MEASURED_SECONDS, quick.finite)
    steps.use_xla(True)
    compiled = _compiled_pace(steps, data, batches, plain)
    is_faster = compiled is not None and compiled < GAIN * plain.median
    reporter.event("xla", _words(plain.median, compiled, is_faster))
    steps.use_xla(is_faster)
    return is_faster


def _compiled_pace(
    steps: Steps, data: TrainingData, batches: Callable[[], Any], plain: StepPace
) -> float | None:
    """Return the seconds of a compiled step, None where XLA fails or compiles every step anew."""
    try:
        began = time.perf_counter()
        steps.run(batches(), 1)
        first = time.perf_counter() - began
        began = time.perf_counter()
        _, finite = steps.run(batches(), 1)
        second = time.perf_counter() - began
        if second > max(first / 4, 2 * plain.median):
            return None
        found = step_pace(steps, data, batches, "train", MEASURED_SECONDS, finite)
    except (tf.errors.OpError, ValueError):
        return None
    return found.median if found.finite else None


def _words(plain: float, compiled: float | None, is_faster: bool) -> str:
    if compiled is None:
        return "XLA was tried and is not used: it does not suit this model."
    taken = f"{compiled * 1000:.3g} ms a step with XLA, {plain * 1000:.3g} ms without"
    return f"XLA was tried and is {'used' if is_faster else 'not used'}: {taken}."


def _supports_xla(model: keras.Model) -> bool:
    with warnings.catch_warnings():
        # Keras warns where it sets the wish back to False.
        warnings.simplefilter("ignore")
        model.jit_compile = True
    supported = bool(model.jit_compile)
    model.jit_compile = False
    return supported


def _unsupported(reason: str) -> BuilderError:
    message = (
        f"XLA cannot compile this model: {reason}. Set 'Compile with XLA' to 'auto' or 'off' and start a new "
        "run."
    )
    return stop("xla_unsupported", message, field="jit_compile")
