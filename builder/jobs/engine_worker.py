"""The process behind a lane of the engine: ``python -m builder.jobs.engine_worker MODULE``.

It reads calls from standard input and writes replies to standard output, both pickled. It is an
entry of its own because ``multiprocessing``'s spawn imports the parent's main script again, which
under Streamlit is the page.
"""

from __future__ import annotations

import importlib
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, BinaryIO
from uuid import uuid4

from builder.errors import BuilderError, Problem
from builder.runs.workspace import default_workspace
from builder.workers.replies import private_output

ERROR_LOG = "engine-errors.log"

# What came of a call: a value, or problems.
Reply = tuple[Any, tuple[Problem, ...]]


def main(module_name: str) -> None:
    """Serve calls until standard input ends, which it does when the parent dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = private_output()
    tasks = importlib.import_module(module_name)
    tasks.warm()
    calls: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
    threading.Thread(target=_read_calls, args=(calls,), daemon=True).start()
    _send(replies, ("ready", ()))
    while True:
        name, arguments = calls.get()
        _send(replies, answer(tasks, name, arguments))


def answer(tasks: ModuleType, name: str, arguments: dict[str, Any]) -> Reply:
    """Run a task; any failure becomes problems in plain words."""
    try:
        return tasks.TASKS[name](**arguments), ()
    except BuilderError as error:
        return None, error.problems
    except MemoryError:
        return None, (_out_of_memory(name),)
    except Exception:
        return None, (_unexpected(name),)


def _read_calls(calls: queue.SimpleQueue[tuple[str, dict[str, Any]]]) -> None:
    # A thread of its own, so that the parent's death ends this process in the middle of a task too.
    try:
        while True:
            calls.put(pickle.load(sys.stdin.buffer))
    except EOFError:
        os._exit(0)


def _send(replies: BinaryIO, reply: Reply) -> None:
    try:
        data = pickle.dumps(reply, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception:
        data = pickle.dumps((None, (_unexpected("answer"),)))
    replies.write(data)
    replies.flush()


def _unexpected(name: str) -> Problem:
    message = (
        f"Something unexpected went wrong inside Kerablocks in the step '{name}'; nothing of your work is "
        f"lost. Try again; if it happens again, {_logged(name)}"
    )
    return Problem("internal_error", message)


def _logged(name: str) -> str:
    """Write what happened into the log of errors; return in words what to do with it."""
    reference = uuid4().hex[:8]
    heading = f"--- {reference} {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, task {name}"
    try:
        log = default_workspace().logs_folder / ERROR_LOG
        with open(log, "a", encoding="utf-8") as stream:
            stream.write(f"{heading}\n{traceback.format_exc()}\n")
    except (OSError, BuilderError) as error:
        return f"look after the disk first: what happened could not be written into its logs ({error})."
    return f"report it with entry {reference} of the file {log}."


def _out_of_memory(name: str) -> Problem:
    message = (
        f"The memory of this machine did not suffice for the step '{name}'. "
        "Make the model or the data smaller, or end other programs and runs, and try again."
    )
    return Problem("out_of_memory", message)


if __name__ == "__main__":
    main(sys.argv[1])
