"""How a run ended: its saved model and its result."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from builder.adversarial.model import AdversarialModel, kept_part
from builder.runs.files import atomic_path
from builder.train.device import device_name
from builder.train.run_state import RunState
from builder.train.training_data import TrainingData

MODEL, DISCRIMINATOR = "model.keras", "discriminator.keras"


@dataclass(frozen=True)
class Outcome:
    """How a run ended: status "finished" or "stopped", and its result as JSON-ready data."""

    status: str
    result: dict[str, Any]


def write_model(model: keras.Model, folder: Path) -> None:
    """Write ``model.keras``: the layers without optimizer and schedule.

    That is a third of the size, and it opens in plain Keras. Of an adversarial pair it is the generator,
    whose samples are in the unit of the data; ``discriminator.keras`` stands beside it.

    Raises:
        BuilderError: ``disk_full`` or ``unwritable``.
    """
    kept = kept_part(model)
    plain = keras.Model(kept.input, kept.output, name=model.name)
    with atomic_path(folder / MODEL) as temporary:
        plain.save(temporary)
    if isinstance(model, AdversarialModel):
        with atomic_path(folder / DISCRIMINATOR) as temporary:
            model.discriminator_in_units.save(temporary)


def run_result(
    model: keras.Model, data: TrainingData, state: RunState, test: Mapping[str, float]
) -> dict[str, Any]:
    """Return the result of a run as JSON-ready data.

    Where no epoch has ended, "best_epoch" is 0 and "metrics" is empty.

    Args:
        model: the trained model.
        data: the run's data.
        state: the run's state at its end.
        test: loss and metrics of the kept weights on the test part.
    """
    seconds = state.position.seconds
    epochs = state.position.global_step / data.steps_per_epoch
    return {
        "best_epoch": state.best.epoch,
        "epochs_run": state.position.epoch,
        "steps_run": state.position.global_step,
        "metrics": state.best.metrics,
        "last_metrics": state.last,
        "test": dict(test),
        "parameters": model.count_params(),
        "seconds": round(seconds, 3),
        "seconds_per_epoch": round(seconds / epochs, 3) if epochs else None,
        "device": device_name(),
        "jit_compile": bool(state.jit_compile),
        "versions": _versions(),
        "data_hash": data.prepared.spec.data_hash,
    }


def _versions() -> dict[str, str]:
    names = ("keras", "tensorflow", "numpy")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}
