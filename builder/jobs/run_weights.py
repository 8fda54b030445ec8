"""The newest weights of a run, while it trains and after it has ended."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import stop
from builder.project import Project
from builder.runs.records import ACTIVE, QUEUED
from builder.runs.store import default_store
from builder.runs.workspace import MODEL_FILE, default_workspace

if TYPE_CHECKING:
    import keras

    from builder.explain.preview import RunWeights

# The model that a run ends with holds its best weights; a checkpoint holds the latest ones.
CHECKPOINT = "checkpoint.npz"


def weights_file(run_id: str) -> Path | None:
    """Return the file with the newest weights of a run, or None where it has none yet."""
    workspace = default_workspace()
    files = [file for name in (MODEL_FILE, CHECKPOINT) if (file := workspace.run_file(run_id, name)).exists()]
    return max(files, key=lambda file: file.stat().st_mtime_ns, default=None)


def run_weights(run_id: str) -> tuple[RunWeights, dict[str, Any]]:
    """Return the newest weights of a run, and what is told of them.

    Returns:
        The weights, and ``{"run", "name", "status", "kind", "epoch", "step"}``; "kind" is ``"best"`` for
        the model that the run ended with and ``"latest"`` for a checkpoint, whose epoch counts from 1.

    Raises:
        BuilderError: ``unknown_run``, ``no_weights`` where the run has not saved any yet,
            ``broken_checkpoint``.
    """
    run = default_store().run(run_id)
    file = weights_file(run_id)
    if file is None:
        hope = " They are saved soon after its start." if run.status in (QUEUED, *ACTIVE) else ""
        message = f"The run of '{run.name}' has not saved any weights.{hope} Choose another run, or none."
        raise stop("no_weights", message)
    is_best = file.name == MODEL_FILE
    weights, state = _read(run_id, str(file), file.stat().st_mtime_ns)
    position = state.get("position", {})
    told = {
        "run": run_id,
        "name": run.name,
        "status": run.status,
        "kind": "best" if is_best else "latest",
        "epoch": run.result.get("best_epoch") if is_best else position.get("epoch", 0) + 1,
        "step": None if is_best else position.get("global_step"),
    }
    return weights, told


# A person compares a run with another, and asks again and again while blocks are edited.
@lru_cache(maxsize=2)
def _read(run_id: str, file: str, written: int) -> tuple[RunWeights, dict[str, Any]]:
    from builder.explain.preview import weights_of

    key = f"{run_id}:{Path(file).name}:{written}"
    if file.endswith(MODEL_FILE):
        return weights_of(opened_model(file, written), key), {}
    from builder.adversarial.model import kept_part
    from builder.train.checkpoint import assign, read_checkpoint

    found = read_checkpoint(Path(file))
    if found is None:
        raise stop("no_weights", "The run's checkpoint was removed just now. Try again.")
    groups, state = found
    model = _built(run_id)
    assign(model.variables, groups["model"], Path(file))
    return weights_of(kept_part(model), key), state


# A person tries many inputs on one model, and loading takes up to a second.
@lru_cache(maxsize=2)
def opened_model(file: str, written: int) -> keras.Model:
    """Return the model in a file that a run has written, loaded anew when ``written``, its time, changes."""
    import keras

    import builder.blocks  # noqa: F401  registers the layers of our own that the file may hold

    return keras.models.load_model(file, compile=False)


@lru_cache(maxsize=1)
def _built(run_id: str) -> keras.Model:
    """Return the untrained model of a run: a checkpoint holds values alone, in this model's order."""
    from builder.compiler import build
    from builder.data.prepare import prepare

    project = Project.from_json(default_store().run_document(run_id))
    return build(project, prepare(project.data, default_workspace().prepared_folder).spec)
