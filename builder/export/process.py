"""The parent's side of an export's worker process: start it, listen, and outlive its crashes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.errors import Problem
from builder.export.formats import FORMATS
from builder.export.launching import Worker, worker
from builder.export.trouble import crashed

SECONDS_PER_FORMAT = 900.0


@dataclass(frozen=True)
class Answer:
    """What came of one format: a result, or the problem that prevented it."""

    result: dict[str, Any] | None = None
    problem: Problem | None = None


def run_formats(
    module: str,
    job_file: Path,
    formats: Sequence[str],
    on_start: Callable[[str], None],
    seconds: float = SECONDS_PER_FORMAT,
    label: Callable[[str], str] = lambda name: FORMATS[name].label,
) -> dict[str, Answer]:
    """Return an answer for every format, from worker processes of their own.

    One process does all formats. Where it breaks down or takes too long, that format fails and a new
    process goes on with the rest.

    Args:
        module: the worker's module, run with ``python -m``.
        job_file: the job, as JSON.
        formats: names of formats, in order.
        on_start: called with a format's name when its turn comes; what it raises ends the work.
        seconds: the longest time for one format.
        label: returns what a name is called in messages.
    """
    answers: dict[str, Answer] = {}
    while pending := [name for name in formats if name not in answers]:
        listener = _Listener(pending, on_start)
        timed_out = _listen(module, job_file, pending, listener, seconds)
        answers |= listener.answers
        broken = listener.current or pending[0]
        if broken not in answers:
            answers[broken] = Answer(problem=crashed(label(broken), seconds if timed_out else None))
    return answers


class _Listener:
    """Collects the answers of one worker process."""

    def __init__(self, pending: Sequence[str], on_start: Callable[[str], None]) -> None:
        self.answers: dict[str, Answer] = {}
        self.current: str | None = None
        self._pending = pending
        self._on_start = on_start

    def hear(self, message: dict[str, Any]) -> None:
        if message["event"] == "start":
            self.current = message["format"]
            self._on_start(message["format"])
        elif message["event"] == "done":
            self.answers[message["format"]] = Answer(result=message["result"])
        elif message["event"] == "failed":
            self.answers[message["format"]] = Answer(problem=Problem(**message["problem"]))
        else:
            problem = Problem(**message["problem"])
            self.answers = {name: Answer(problem=problem) for name in self._pending}


def _listen(module: str, job_file: Path, pending: Sequence[str], listener: _Listener, seconds: float) -> bool:
    """Run one worker to its end; tell whether it was ended for taking too long."""
    with worker(module, [str(job_file), ",".join(pending)]) as running:
        watch = _Watch(running, seconds)
        try:
            for line in running.lines:
                watch.restart()
                listener.hear(json.loads(line))
        finally:
            watch.stop()
    return watch.expired


class _Watch:
    """Ends a process that has been silent for too long."""

    def __init__(self, running: Worker, seconds: float) -> None:
        self._worker, self._seconds = running, seconds
        self.expired = False
        self._start()

    def restart(self) -> None:
        self._timer.cancel()
        self._start()

    def stop(self) -> None:
        self._timer.cancel()

    def _start(self) -> None:
        self._timer = threading.Timer(self._seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def _expire(self) -> None:
        self.expired = True
        self._worker.kill()
