"""The child's side of an export's worker process: do formats one by one and tell the parent."""

from __future__ import annotations

import io
import json
import os
import select
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder.errors import Problem
from builder.export.formats import FORMATS, Format
from builder.export.job import Job
from builder.export.trouble import explain
from builder.workers.replies import private_output

Step = Callable[[Format], dict[str, Any]]


def serve(open_job: Callable[[Job], Step], named: Callable[[str], Format] = FORMATS.__getitem__) -> None:
    """Read a job's file and formats from the command line, do them, and answer in JSON lines.

    Args:
        open_job: loads what the work needs and returns the function that does one format.
        named: returns the format, or whatever else is done step by step, that has a name.
    """
    answers = io.TextIOWrapper(private_output(), encoding="utf-8", line_buffering=True)
    threading.Thread(target=_end_with_listener, args=(answers.fileno(),), daemon=True).start()
    job = Job.read(Path(sys.argv[1]))
    formats = [named(name) for name in sys.argv[2].split(",")]
    node_ids = [node["id"] for node in job.project["model"]["nodes"]]
    tell = _teller(answers)
    try:
        step = open_job(job)
    except Exception as error:
        tell("aborted", problem=_problem(explain(error, "The export", node_ids)))
        return
    for item in formats:
        tell("start", format=item.name)
        try:
            tell("done", format=item.name, result=step(item))
        except Exception as error:
            tell("failed", format=item.name, problem=_problem(explain(error, item.label, node_ids)))


def _end_with_listener(descriptor: int) -> None:
    """End this process, whatever it is doing, as soon as nobody reads what is written to a pipe."""
    if hasattr(select, "poll"):
        listener = select.poll()
        # An error is told unasked, and there is one when the other end is closed.
        listener.register(descriptor, 0)
        listener.poll()
        os._exit(1)


def _teller(stream: Any) -> Callable[..., None]:
    def tell(event: str, **content: Any) -> None:
        stream.write(json.dumps({"event": event, **content}) + "\n")

    return tell


def _problem(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "message": problem.message, "block": problem.block}
