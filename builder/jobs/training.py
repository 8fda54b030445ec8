"""The queue of training runs: submit, launch, pause, resume, stop, and put right what ended unseen.

A run is a detached process that is given its id and nothing else, so it survives the app. All state is in
the database; several apps and shells may share it. Where ``store`` or ``workspace`` is left out, the
environment's are used.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from builder.errors import BuilderError, Problem, shown_value
from builder.errors import stop as refusal
from builder.jobs.processes import end_session, is_alive, process_started
from builder.jobs.serving import end_servers
from builder.project import Project
from builder.runs.files import read_json, write_json
from builder.runs.records import (
    ACTIVE,
    FAILED,
    INTERRUPTED,
    QUEUED,
    RESUMABLE,
    RUNNING,
    STARTING,
    STOPPED,
    RunRecord,
)
from builder.runs.servers import list_servers
from builder.runs.smaller_batch import halved, keep_batch, smaller_words, with_kept_batch
from builder.runs.store import Store, default_store
from builder.runs.workspace import DATABASE_VARIABLE, HOME_VARIABLE, Workspace, default_workspace
from builder.workers.environment import child_environment
from builder.workers.launching import Process, start

WORKER_MODULE = "builder.jobs.worker"
MAXIMUM_VARIABLE = "KERABLOCKS_MAX_RUNS"
DEFAULT_MAXIMUM = 2
FREE_VARIABLE = "KERABLOCKS_FREE_MB"
DEFAULT_FREE_MB = 1000
USER_VARIABLE = "KERABLOCKS_USER"
# A deleted run can be restored for so long.
TRASH_SECONDS = 24 * 3600.0
# How long a claimed run may be without a process, before the app that claimed it counts as dead.
LAUNCH_SECONDS = 30.0
# How long a run on another machine may be silent, before it counts as gone.
HEARTBEAT_SECONDS = 120.0
# A living run that is silent for so long is worth a note.
SILENT_SECONDS = 600.0
NEAR_LIMIT = 0.8
ENDING_SECONDS = 5.0
MEMORY_VARIABLE = "KERABLOCKS_MEMORY_LIMIT_MB"
# How the end of a process that finds no memory looks: killed by Linux, or crashed in native code.
KILLED = 9
CRASHES = tuple(-getattr(signal, name, KILLED) for name in ("SIGKILL", "SIGSEGV", "SIGABRT", "SIGBUS"))
# A run whose batch is this many times smaller and still crashes has another trouble.
MOST_HALVING = 16
LAUNCH_FILE = "launch.json"
LOG_FILE = "worker.log"
LAST_WORDS = 2000

_children: list[Process] = []
_children_lock = threading.Lock()


def submit(
    document: Mapping[str, Any],
    project_id: str | None = None,
    store: Store | None = None,
    workspace: Workspace | None = None,
    owner: str | None = None,
) -> str:
    """Queue a run of a project document and return its id; it starts as soon as there is a place.

    Args:
        document: the project as JSON, which is frozen with the run.
        project_id: the project that the run belongs to; a new one is made where None.
        owner: who starts it; ``KERABLOCKS_USER``, or nobody in particular, where None.

    Raises:
        BuilderError: where the database or the disk refuses.
    """
    store, workspace = _places(store, workspace)
    owner = os.environ.get(USER_VARIABLE, "") if owner is None else owner
    run_id = store.create_run(project_id or store.create_project(document), document, owner)
    store.add_event(run_id, "queued", "Added to the queue.")
    try:
        write_json(workspace.run_folder(run_id) / "project.json", dict(document))
    except BuilderError:
        store.transition(run_id, [QUEUED], FAILED)
        store.delete_run(run_id)
        raise
    start_next(store, workspace)
    return run_id


def maximum_runs() -> int:
    """Return how many runs may go on at once: ``KERABLOCKS_MAX_RUNS``, or 2.

    Raises:
        BuilderError: ``bad_setting`` where the variable is not a whole number of at least 1.
    """
    return _setting(MAXIMUM_VARIABLE, DEFAULT_MAXIMUM, 1)


def has_memory() -> bool:
    """Tell whether so much memory is free that another run may start: ``KERABLOCKS_FREE_MB``, or 1,000 MB.

    Raises:
        BuilderError: ``bad_setting`` where the variable is not a whole number.
    """
    wanted = _setting(FREE_VARIABLE, DEFAULT_FREE_MB, 0) * 1_000_000
    return bool(psutil.virtual_memory().available >= wanted)


def _setting(variable: str, default: int, least: int) -> int:
    value = os.environ.get(variable, "").strip() or str(default)
    if not value.isdecimal() or int(value) < least:
        message = f"{variable} must be a whole number of at least {least}. Got {shown_value(value)} instead."
        raise refusal("bad_setting", message)
    return int(value)


def queue_position(run_id: str, store: Store | None = None) -> int | None:
    """Return the place of a run in the queue, 1 for the next one; None where it does not wait."""
    waiting = (store or default_store()).queue()
    return waiting.index(run_id) + 1 if run_id in waiting else None


def start_next(store: Store | None = None, workspace: Workspace | None = None) -> list[str]:
    """Launch the runs that wait, in order, while there are places; return their ids.

    A run that goes on counts, a paused one too, because it keeps its memory. Where memory is short, one run
    goes on and the others wait. A worker calls this as its last act, so that the queue goes on without the
    app.
    """
    store, workspace = _places(store, workspace)
    launched = []
    while (run_id := store.claim_next(maximum_runs() if has_memory() else 1)) is not None:
        if launch(run_id, store, workspace):
            launched.append(run_id)
    return launched


def launch(run_id: str, store: Store, workspace: Workspace) -> bool:
    """Start the process of a claimed run, detached; tell whether it started."""
    try:
        folder = workspace.run_folder(run_id)
        write_json(folder / LAUNCH_FILE, {"memory_kills": _memory_kills()})
        process = _detached(run_id, folder, workspace)
    except (OSError, BuilderError) as error:
        problem = Problem("launch_failed", f"The training process could not be started: {error}")
        store.transition(run_id, [STARTING], FAILED, error=problem.to_json())
        store.add_event(run_id, "failed", problem.message)
        return False
    with _children_lock:
        _children.append(process)
    started = process_started(process.pid) or time.time()
    store.update_run(run_id, host=platform.node(), pid=process.pid, process_started=started)
    store.add_event(run_id, "started", "The training process was started.")
    return True


def pause(run_id: str, store: Store | None = None, workspace: Workspace | None = None) -> None:
    """Ask a run that goes on to pause after its current step.

    Raises:
        BuilderError: ``not_running`` where it does not go on.
    """
    store, workspace = _places(store, workspace)
    if not store.send_command(run_id, "pause"):
        raise _not_running(store.run(run_id), "paused")


def stop(run_id: str, store: Store | None = None, workspace: Workspace | None = None) -> None:
    """Take a run out of the queue, or ask it to stop and keep its best weights.

    Raises:
        BuilderError: ``not_running`` where it has ended already.
    """
    store, workspace = _places(store, workspace)
    if store.transition(run_id, [QUEUED], STOPPED):
        store.add_event(run_id, "stopped", "Taken out of the queue before it started.")
    elif not store.send_command(run_id, "stop"):
        raise _not_running(store.run(run_id), "stopped")


def resume(run_id: str, store: Store | None = None, workspace: Workspace | None = None) -> None:
    """Let a paused run go on, or queue a stopped, failed or interrupted one to go on from its checkpoint.

    Raises:
        BuilderError: ``not_resumable`` where the run has finished.
    """
    store, workspace = _places(store, workspace)
    reconcile(store, workspace)
    if store.send_command(run_id, "resume"):
        return
    now = time.time()
    if store.transition(run_id, RESUMABLE, QUEUED, queued_at=now, command=None, error=None, pid=None):
        store.add_event(run_id, "queued", "Added to the queue again, to go on from the last checkpoint.")
        start_next(store, workspace)
        return
    run = store.run(run_id)
    if run.status != QUEUED:
        message = (
            f"The run of '{run.name}' is {run.status}, so nothing is left to go on with. Start a new run."
        )
        raise refusal("not_resumable", message)


def reconcile(store: Store | None = None, workspace: Workspace | None = None) -> list[str]:
    """Mark runs whose process is gone as interrupted, then start what waits; return the marked ones.

    Cheap enough to be called every second. Ended child processes are reaped here.
    """
    store, workspace = _places(store, workspace)
    codes = _reap()
    interrupted = []
    for run in store.list_runs(statuses=ACTIVE):
        if _is_living(run):
            _note_silence(run, store)
        elif run.status == STARTING and run.pid is None:
            store.transition(run.id, [STARTING], QUEUED, while_pid=None)
        else:
            # It may have ended since the first look.
            codes |= _reap(run.pid)
            if _interrupt(run, codes.get(run.pid or 0), store, workspace):
                interrupted.append(run.id)
    empty_trash(store, workspace)
    start_next(store, workspace)
    return interrupted


def delete_run(run_id: str, store: Store | None = None, workspace: Workspace | None = None) -> None:
    """Delete a run with its metrics, files and exports; one that goes on is ended first.

    Raises:
        BuilderError: ``unknown_run``, or where the disk refuses.
    """
    store, workspace = _places(store, workspace)
    _end(store.run(run_id), store)
    end_servers(run_id, store)
    store.delete_run(run_id)
    workspace.remove_run_folder(run_id)


def trash_run(run_id: str, store: Store | None = None, workspace: Workspace | None = None) -> None:
    """Put a run into the trash, from where it can be restored for a day; one that goes on is ended first.

    Raises:
        BuilderError: ``unknown_run``.
    """
    store, workspace = _places(store, workspace)
    _end(store.run(run_id), store)
    end_servers(run_id, store)
    store.trash_run(run_id)


def empty_trash(store: Store | None = None, workspace: Workspace | None = None) -> list[str]:
    """Delete for good what has been in the trash for more than a day; return the ids.

    Raises:
        BuilderError: where the disk refuses.
    """
    store, workspace = _places(store, workspace)
    gone = store.expired_runs(TRASH_SECONDS)
    for run_id in gone:
        delete_run(run_id, store, workspace)
    return gone


def delete_project(project_id: str, store: Store | None = None, workspace: Workspace | None = None) -> None:
    """Delete a project with its runs and their files; runs that go on are ended first.

    Raises:
        BuilderError: ``unknown_project``, or where the disk refuses.
    """
    store, workspace = _places(store, workspace)
    for run in store.list_runs(project_id=project_id, statuses=(QUEUED, *ACTIVE)):
        _end(run, store)
    for record in list_servers(store):
        if store.run(record.run_id).project_id == project_id:
            end_servers(record.run_id, store)
    for run_id in store.delete_project(project_id):
        workspace.remove_run_folder(run_id)


def _places(store: Store | None, workspace: Workspace | None) -> tuple[Store, Workspace]:
    return store or default_store(), workspace or default_workspace()


def _detached(run_id: str, folder: Path, workspace: Workspace) -> Process:
    places = {HOME_VARIABLE: str(workspace.root), DATABASE_VARIABLE: workspace.database_url}
    with open(folder / LOG_FILE, "ab") as log:
        return start(
            WORKER_MODULE,
            [run_id],
            child_environment(places),
            folder=folder,
            stdout=log,
            stderr=log,
            new_session=True,
        )


def _reap(ending: int | None = None) -> dict[int, int]:
    """Return the exit codes of our children that ended since the last call, which ends their zombies.

    Args:
        ending: a process that is about to be gone: a crash takes a moment to end all of its threads.
    """
    with _children_lock:
        for child in _children:
            if child.pid == ending:
                with suppress(subprocess.TimeoutExpired):
                    child.wait(ENDING_SECONDS)
        ended = {child.pid: child.returncode for child in _children if child.poll() is not None}
        _children[:] = [child for child in _children if child.pid not in ended]
    return ended


def _is_living(run: RunRecord) -> bool:
    silent = time.time() - (run.heartbeat or run.queued_at)
    if run.pid is None:
        return silent < LAUNCH_SECONDS
    if run.host != platform.node():
        return silent < HEARTBEAT_SECONDS
    return is_alive(run.pid, run.process_started)


def _note_silence(run: RunRecord, store: Store) -> None:
    if run.status != RUNNING or time.time() - (run.heartbeat or run.queued_at) < SILENT_SECONDS:
        return
    latest = store.events(run.id, limit=1)
    if not latest or latest[-1].kind != "silent":
        minutes = SILENT_SECONDS / 60
        message = (
            f"The training process lives but has not reported for {minutes:.0f} minutes. A step may be "
            "long, or the machine may be short of memory. Wait, or stop the run and lower the batch size."
        )
        store.add_event(run.id, "silent", message)


def _interrupt(run: RunRecord, code: int | None, store: Store, workspace: Workspace) -> bool:
    if code in CRASHES and _goes_on_smaller(run, code, store, workspace):
        return False
    problem = Problem("interrupted", _likely_cause(run, code, workspace.run_folder(run.id)))
    if not store.transition(run.id, ACTIVE, INTERRUPTED, while_pid=run.pid, error=problem.to_json()):
        return False
    store.add_event(run.id, "interrupted", problem.message)
    return True


def _goes_on_smaller(run: RunRecord, code: int | None, store: Store, workspace: Workspace) -> bool:
    """Queue a run that crashed for want of memory, with smaller batches; tell whether that can be."""
    folder = workspace.run_folder(run.id)
    crashed = code != -KILLED and _memory_in_last_words(folder)
    if run.status == STARTING or not (crashed or _memory_ran_out(run, folder)):
        return False
    try:
        declared = Project.from_json(store.run_document(run.id)).training_settings()
        before = with_kept_batch(folder, declared)
        after = halved(before)
        if after is None or declared["batch_size"] // after["batch_size"] > MOST_HALVING:
            return False
        keep_batch(folder, after)
    except BuilderError:
        return False
    if not store.transition(run.id, ACTIVE, QUEUED, while_pid=run.pid, pid=None):
        return False
    store.add_event(run.id, "out_of_memory", smaller_words(before, after))
    return True


def _likely_cause(run: RunRecord, code: int | None, folder: Path) -> str:
    if _memory_ran_out(run, folder):
        cause = (
            "The training process was ended because the memory of this machine ran out. "
            "Lower the batch size or make the model smaller, or end other programs."
        )
    elif code is not None and code >= 0:
        log = folder / LOG_FILE
        cause = f"The training process ended before it was done (exit code {code}); the file {log} says more."
    else:
        cause = "The training process was ended from outside: it was killed, or the machine was switched off."
    return f"{cause} Resume goes on from the last checkpoint."


def _memory_ran_out(run: RunRecord, folder: Path) -> bool:
    if run.host == platform.node():
        before = (read_json(folder / LAUNCH_FILE) or {}).get("memory_kills", 0)
        if _memory_kills() > before:
            return True
    used = run.progress.get("memory_bytes") or 0
    limit = os.environ.get(MEMORY_VARIABLE, "")
    most = int(limit) * 1_000_000 if limit.isdecimal() else psutil.virtual_memory().total
    return bool(used > NEAR_LIMIT * most)


def _memory_in_last_words(folder: Path) -> bool:
    """Tell whether a process that crashed said, or did not have to say, that it found no memory."""
    if os.environ.get(MEMORY_VARIABLE):
        # Native code that is refused memory seldom says so.
        return True
    try:
        with open(folder / LOG_FILE, "rb") as log:
            log.seek(-min(LAST_WORDS, log.seek(0, os.SEEK_END)), os.SEEK_END)
            return b"bad_alloc" in log.read()
    except OSError:
        return False


def _memory_kills() -> int:
    """Return how many processes Linux has ended for want of memory since it started; 0 elsewhere."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _end(run: RunRecord, store: Store) -> None:
    # The status first, so that nobody launches it, or takes its end for an interruption.
    if store.transition(run.id, (QUEUED, *ACTIVE), STOPPED) and run.host == platform.node():
        end_session(run.pid, run.process_started)
        _reap()


def _not_running(run: RunRecord, wish: str) -> BuilderError:
    message = f"The run of '{run.name}' is {run.status}, so it cannot be {wish}."
    return refusal("not_running", message)
