"""The training process: ``python -m builder.jobs.worker RUN_ID``.

It is given a run's id and nothing else; the workspace and the database come from the environment. It takes
its orders from the database, tells it everything that happens, and at its end starts the next run that waits.
"""

from __future__ import annotations

import logging
import os
import platform
import signal
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from builder.workers.environment import use_own_environment

# Before TensorFlow is imported.
use_own_environment()

from builder import compiler  # noqa: E402 (the environment has to be set before)
from builder.blocks import registry  # noqa: E402
from builder.compression_parameters import DISTILLATION  # noqa: E402
from builder.data.prepare import Prepared, prepare  # noqa: E402
from builder.data.spec import DataSpec  # noqa: E402
from builder.errors import Problem  # noqa: E402
from builder.explain.evaluation import evaluate  # noqa: E402
from builder.graph import Node  # noqa: E402
from builder.jobs import compressing, training  # noqa: E402
from builder.jobs.processes import process_started  # noqa: E402
from builder.jobs.starting_weights import start_with_weights  # noqa: E402
from builder.project import Project  # noqa: E402
from builder.runs.files import write_json  # noqa: E402
from builder.runs.records import (  # noqa: E402
    ACTIVE,
    FAILED,
    INTERRUPTED,
    QUEUED,
    RUNNING,
    STARTING,
)
from builder.runs.smaller_batch import (  # noqa: E402
    halved,
    keep_batch,
    smaller_words,
    with_kept_batch,
)
from builder.runs.store import Store, default_store  # noqa: E402
from builder.runs.workspace import Workspace, default_workspace  # noqa: E402
from builder.train.diagnosis import explain, is_memory_error  # noqa: E402
from builder.train.live import LiveLink  # noqa: E402
from builder.train.loop import Interrupted, Outcome, fit  # noqa: E402
from builder.train.randomness import seed_everything  # noqa: E402

INTERRUPTED_MESSAGE = "The training process was asked to end. Resume goes on from the last checkpoint."

logger = logging.getLogger(__name__)


class SmallerBatch(Exception):
    """Raised where memory ran out and the run is to go on with smaller batches in a new process."""


def run(run_id: str, store: Store, workspace: Workspace) -> str | None:
    """Train a run that waits or was just claimed, and return its final status.

    Returns None, having done nothing, where the run is not waiting any more, and ``starting`` where it is to
    go on in a new process. Whatever happens, the status in the database tells it in the end, unless the
    process is killed.
    """
    pid = os.getpid()
    process: dict[str, Any] = {"host": platform.node(), "pid": pid, "process_started": process_started(pid)}
    if not store.transition(
        run_id, (QUEUED, STARTING), RUNNING, heartbeat=time.time(), error=None, **process
    ):
        return None
    project = Project.from_json(store.run_document(run_id))
    folder = workspace.run_folder(run_id)
    status, fields = _train_and_explain(run_id, project, folder, store, workspace)
    if status == STARTING:
        # A new process gives all memory back; it finds the smaller batch in the run's folder.
        return STARTING if store.transition(run_id, ACTIVE, STARTING, while_pid=pid) else None
    store.transition(run_id, ACTIVE, status, while_pid=pid, **fields)
    store.add_event(run_id, status, _last_words(status, fields))
    return status


def _train_and_explain(
    run_id: str, project: Project, folder: Path, store: Store, workspace: Workspace
) -> tuple[str, dict[str, Any]]:
    """Return the final status of a run and the fields that go with it; raise nothing.

    The status ``starting`` asks for a new process.
    """
    try:
        with LiveLink(store, run_id, folder, partial(_on_blocks, project=project)) as link:
            outcome = _train(project, folder, store, workspace, link)
        return outcome.status, {"result": outcome.result}
    except Interrupted:
        return INTERRUPTED, {"error": Problem("interrupted", INTERRUPTED_MESSAGE).to_json()}
    except SmallerBatch as change:
        store.add_event(run_id, "out_of_memory", str(change))
        return STARTING, {}
    except Exception as error:
        logger.exception("Run %s failed", run_id)
        problem = explain(error, project.training_settings(), training.LOG_FILE)
        return FAILED, {"error": replace(problem, block=_block(problem.block, project)).to_json()}


def _train(project: Project, folder: Path, store: Store, workspace: Workspace, link: LiveLink) -> Outcome:
    settings = with_kept_batch(folder, project.training_settings())
    _end_politely(None)
    link.progress({"phase": "reading data", "epoch": 0, "epochs": settings["epochs"]})
    write_json(folder / "project.json", project.to_json())
    prepared = prepare(project.data, workspace.prepared_folder)
    write_json(folder / "spec.json", prepared.spec.to_json())
    link.progress({"phase": "building"})
    seed_everything(settings)
    model = compiler.build(project, prepared.spec)
    recipe = _started(model, project, prepared.spec, workspace, link)
    _end_politely(link)
    factors = compiler.learning_rate_factors(project, prepared.spec)
    try:
        outcome = fit(
            recipe.model,
            prepared,
            settings,
            folder,
            link,
            link,
            learning_rate_factors=factors,
            shaping=recipe.shaping,
        )
    except Exception as error:
        smaller = halved(settings)
        if smaller is None or not is_memory_error(error):
            raise
        keep_batch(folder, smaller)
        raise SmallerBatch(smaller_words(settings, smaller)) from error
    _end_politely(None)
    if project.compression:
        told = compressing.finish(recipe, model, project, folder, store, workspace)
        outcome.result["compression"] = told
    link.progress({"phase": "evaluating"})
    try:
        _evaluate(model, prepared, folder)
    except Exception as error:
        # The model is trained and saved: what it lacks is only its report, which can be made again.
        logger.exception("The evaluation failed")
        problem = explain(error, settings, training.LOG_FILE)
        link.event("evaluation_failed", f"The model is trained, but could not be scored: {problem.message}")
    return outcome


def _started(
    model: Any, project: Project, spec: DataSpec, workspace: Workspace, link: LiveLink
) -> compressing.Started:
    """Give a fresh model the weights that it starts with, and return what is trained and how."""
    if project.compression and project.compression["recipe"] != DISTILLATION:
        return compressing.start(model, project, spec, workspace, link.event)
    start_with_weights(model, project, spec, workspace, link.event)
    if project.compression:
        return compressing.start(model, project, spec, workspace, link.event)
    return compressing.Started(model)


def _on_blocks(found: list[dict[str, Any]], project: Project) -> list[dict[str, Any]]:
    """Return findings with blocks in the place of layers, without changes that no block takes."""
    nodes = {node.id: node for node in project.model.nodes}
    placed = []
    for finding in found:
        edits = [{**edit, "id": _block(edit["id"], project)} for edit in finding["change"]["edits"]]
        fitting = [edit for edit in edits if _takes(nodes.get(edit["id"]), edit)]
        change = {**finding["change"], "edits": fitting}
        placed.append({**finding, "change": change, "block": _block(finding["layer"], project)})
    return placed


def _takes(node: Node | None, edit: dict[str, Any]) -> bool:
    block = registry().get(node.kind) if node is not None else None
    parameters = block.parameters if block is not None else ()
    return any(item.name == edit["name"] and item.accepts(edit["value"]) for item in parameters)


def _evaluate(model: Any, prepared: Prepared, folder: Path) -> None:
    part = "test" if len(prepared.indices["test"]) else "validation"
    write_json(folder / "evaluation.json", evaluate(model, prepared, part))


def _end_politely(link: LiveLink | None) -> None:
    """Make SIGTERM end the process in order: by way of the loop, or at once where no loop runs (None)."""

    def handle(number: int, frame: Any) -> None:
        if link is None:
            raise Interrupted
        link.interrupt()

    signal.signal(signal.SIGTERM, handle)


def _block(layer: str | None, project: Project) -> str | None:
    """Return the block that a layer belongs to: a composite block's layers begin with its id."""
    ids = [
        node.id for node in project.model.nodes if layer == node.id or f"{layer}".startswith(f"{node.id}_")
    ]
    return max(ids, key=len, default=None)


def _last_words(status: str, fields: dict[str, Any]) -> str:
    if "error" in fields:
        return str(fields["error"]["message"])
    result = fields["result"]
    kept = (
        f"the weights of epoch {result['best_epoch']} are kept" if result["best_epoch"] else "no epoch ended"
    )
    return f"Training {status} after {result['epochs_run']} epochs; {kept}."


def _limit_memory() -> None:
    """Keep this process below ``KERABLOCKS_MEMORY_LIMIT_MB``, where that is set and the system can do it."""
    limit = os.environ.get(training.MEMORY_VARIABLE, "")
    if limit.isdecimal() and sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (int(limit) * 1_000_000, hard))


def main(arguments: list[str]) -> int:
    """Run the process for a run's id; return its exit code, 0 unless the run failed."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if len(arguments) != 1:
        logger.error("Give the id of one run: python -m builder.jobs.worker RUN_ID")
        return 2
    _limit_memory()
    store, workspace = default_store(), default_workspace()
    status = run(arguments[0], store, workspace)
    if status == STARTING:
        os.execv(sys.executable, [sys.executable, "-m", "builder.jobs.worker", arguments[0]])
    if status != INTERRUPTED:
        # After SIGTERM the machine is probably going down: what waits is started by the next app.
        training.start_next(store, workspace)
    return 1 if status == FAILED else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
