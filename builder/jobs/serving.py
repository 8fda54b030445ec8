"""Prediction servers as processes of their own: start one for a run, see whether it lives, end it.

A server is the exported folder itself, run by this Python, so that what is tried here is what is handed over.
It survives the app; the database knows it until somebody stops it or deletes its run.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from builder.errors import stop as refusal
from builder.jobs.processes import end_session, is_alive, process_started
from builder.jobs.progress import Progress
from builder.project import Project
from builder.runs.files import disk_errors
from builder.runs.records import ServerRecord
from builder.runs.servers import add_server, find_server, list_servers, remove_server
from builder.runs.store import Store, default_store
from builder.runs.workspace import Workspace, default_workspace

FOLDER = "serving"
LOOPBACK = "127.0.0.1"
# TensorFlow alone takes long; a TFLite server is there within two or three seconds.
START_SECONDS = 180.0
END_SECONDS = 8.0
LAST_BYTES = 20_000
_POLL_SECONDS = 0.05


def make_folder(
    run_id: str,
    model_file: Path,
    open_prepared: Callable[[], Any],
    served: str,
    on_progress: Progress | None = None,
) -> Path:
    """Return the folder of a run's server, with its model; a model that is there already is not made again.

    Args:
        model_file: the run's trained model.
        open_prepared: returns the data that it was trained on.
        served: what the server holds, one of ``builder.export.job.SERVED``.
        on_progress: called with the done share, 0 to 1, and words.

    Raises:
        BuilderError: where the model cannot be served in that way.
    """
    from builder import export as exporting
    from builder.export.server import write_server

    exported = default_workspace().run_folder(run_id) / FOLDER / served
    folder = exported / "server"
    description = _description(folder, model_file)
    if description is not None:
        # The code around the model is that of today.
        with disk_errors("the prediction server", folder):
            write_server(folder, description)
        return folder
    project = Project.from_json(default_store().run_document(run_id))
    exporting.run(model_file, project, open_prepared(), exported, ("server",), on_progress, served=served)
    return folder


def _description(folder: Path, model_file: Path) -> Any:
    """Return what a server's folder knows of its model; None where that has to be made, or made again."""
    from builder.serving.model import DESCRIPTION_FILE, Description

    file = folder / DESCRIPTION_FILE
    if not file.is_file() or file.stat().st_mtime < model_file.stat().st_mtime:
        return None
    try:
        return Description.read(folder)
    except (ValueError, LookupError, TypeError):
        # A full disk may have kept half of it.
        return None


def launch(
    run_id: str,
    folder: Path,
    served: str,
    host: str = LOOPBACK,
    port: int = 0,
    store: Store | None = None,
    workspace: Workspace | None = None,
) -> ServerRecord:
    """Start the server in a folder, detached, and return it as soon as it answers.

    Args:
        port: where it listens; 0 takes a free one.

    Raises:
        BuilderError: ``server_failed`` where it ended or did not answer in time.
    """
    store, workspace = store or default_store(), workspace or default_workspace()
    server_id = uuid.uuid4().hex[:12]
    announced = workspace.run_folder(run_id) / FOLDER / f"{server_id}.json"
    command = [sys.executable, str(folder / "serve.py"), "--host", host, "--port", str(port)]
    log = log_file(run_id, server_id, workspace)
    with open(log, "ab") as sink:
        process = subprocess.Popen(
            [*command, "--announce", str(announced)],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    # Whoever starts it has to take note of its end, or its process number stays taken.
    threading.Thread(target=process.wait, name=f"server-{server_id}", daemon=True).start()
    try:
        place = _announced(announced, process, log)
        record = ServerRecord(
            id=server_id,
            run_id=run_id,
            served=served,
            machine=platform.node(),
            host=place["host"],
            port=place["port"],
            pid=process.pid,
            process_started=process_started(process.pid),
            started_at=time.time(),
        )
        add_server(store, record)
    except BaseException:
        # Nobody would know of it.
        process.kill()
        raise
    finally:
        announced.unlink(missing_ok=True)
    return record


def stop_server(server_id: str, store: Store | None = None) -> None:
    """End a server and forget it; requests that it is answering have some seconds.

    Raises:
        BuilderError: ``unknown_server``, or ``elsewhere`` where it runs on another machine.
    """
    store = store or default_store()
    record = find_server(store, server_id)
    if record.machine != platform.node():
        message = f"The server runs on the machine {record.machine}. Stop it there."
        raise refusal("elsewhere", message)
    _end(record)
    remove_server(store, server_id)


def end_servers(run_id: str, store: Store) -> None:
    """End the servers of a run that is about to be deleted."""
    for record in list_servers(store, run_id):
        if record.machine == platform.node():
            _end(record)
        remove_server(store, record.id)


def is_serving(record: ServerRecord) -> bool:
    """Tell whether a server's process lives; of another machine nobody here can tell, so it counts."""
    return record.machine != platform.node() or is_alive(record.pid, record.process_started)


def log_file(run_id: str, server_id: str, workspace: Workspace | None = None) -> Path:
    """Return where a server writes what it has to say."""
    folder = (workspace or default_workspace()).run_folder(run_id) / FOLDER
    folder.mkdir(exist_ok=True)
    return folder / f"{server_id}.log"


def last_words(file: Path) -> str:
    """Return the end of a server's log."""
    try:
        with open(file, "rb") as log:
            log.seek(-min(LAST_BYTES, log.seek(0, os.SEEK_END)), os.SEEK_END)
            return log.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _announced(file: Path, process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while not file.exists():
        code = process.poll()
        if code is not None or time.monotonic() > deadline:
            words = last_words(log).strip().splitlines()
            late = f"it did not answer within {START_SECONDS:.0f} seconds"
            reason = words[-1] if words else late if code is None else f"it ended with exit code {code}"
            raise refusal("server_failed", f"The server did not start: {reason} (log: {log})")
        time.sleep(_POLL_SECONDS)
    return dict(json.loads(file.read_text(encoding="utf-8")))


def _end(record: ServerRecord) -> None:
    if not is_alive(record.pid, record.process_started):
        return
    with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired, ProcessLookupError):
        process = psutil.Process(record.pid)
        process.send_signal(signal.SIGTERM)
        process.wait(END_SECONDS)
    end_session(record.pid, record.process_started)
