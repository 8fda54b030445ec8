"""Work that a page waits for without blocking: one future for each distinct question."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from builder.errors import BuilderError, Problem

logger = logging.getLogger(__name__)

# What may be otherwise a moment later, though nothing of the question has changed.
PASSING = (
    "database_busy",
    "database_unavailable",
    "dataset_offline",
    "disk_full",
    "engine_busy",
    "engine_crashed",
    "engine_not_started",
    "engine_timeout",
    "unwritable",
)
RETRY_SECONDS = 5.0

UNEXPECTED = Problem(
    "unexpected",
    "Something went wrong inside Kerablocks, and this step was not done. Nothing of your project is lost. "
    "Try again; if it happens again, the server's log says more.",
)


@dataclass(frozen=True)
class Answer:
    """What is known about a piece of work: still working, ready with a value, or failed with problems."""

    state: Literal["working", "ready", "failed"]
    value: Any = None
    problems: tuple[Problem, ...] = ()


class Work:
    """Remembers the futures of the last questions, so that a rerun finds its answer again.

    Where a question failed for a reason that may pass, it is asked again once some seconds have gone by.

    Args:
        submit: starts a named task with keyword arguments and returns its future.
        size: how many questions are remembered.
        clock: gives the time in seconds.
    """

    def __init__(
        self,
        submit: Callable[..., Future[Any]],
        size: int = 200,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._submit = submit
        self._size = size
        self._clock = clock
        self._seen_failed: dict[str, float] = {}
        self._futures: OrderedDict[str, Future[Any]] = OrderedDict()
        self._arguments: dict[str, tuple[str, dict[str, Any]]] = {}
        self._newest: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()

    def ask(self, task: str, mark: str = "", /, **arguments: Any) -> Answer:
        """Return what is known about a task with these arguments; start it where it is new.

        Args:
            mark: what the answer depends on beside the arguments, such as the time of a file.
        """
        future = self._future(task, arguments, mark)
        return _answer(future) if future.done() else Answer("working")

    def wait(self, task: str, timeout: float, mark: str = "", /, **arguments: Any) -> Answer:
        """Return the answer, waiting for it at most ``timeout`` seconds; see ``ask``."""
        future = self._future(task, arguments, mark)
        try:
            future.exception(timeout)
        except FutureTimeoutError:
            return Answer("working")
        return _answer(future)

    def newest(self, asker: str | None, task: str, timeout: float, **arguments: Any) -> Answer:
        """Return the answer to a question that changes too often to be remembered.

        Args:
            asker: whose question it is; where the one before still waits for its turn, it is dropped.
                None drops nothing.
            timeout: seconds to wait at most.
        """
        future = self._submit(task, **arguments)
        if asker is not None:
            with self._lock:
                before = self._newest.pop(asker, None)
                self._newest[asker] = future
            if before is not None:
                before.cancel()
        try:
            future.exception(timeout)
        except (FutureTimeoutError, CancelledError):
            future.cancel()
            return Answer("working")
        finally:
            with self._lock:
                if asker is not None and self._newest.get(asker) is future:
                    del self._newest[asker]
        return _answer(future)

    def known(self, task: str, **arguments: Any) -> Answer | None:
        """Return what is known about a task with these arguments, or None where nobody asked for it."""
        with self._lock:
            future = self._futures.get(_key(task, arguments))
        if future is None:
            return None
        return _answer(future) if future.done() else Answer("working")

    def forget(self, task: str, **arguments: Any) -> None:
        """Drop what is known about a task, so that the next question starts it anew."""
        with self._lock:
            self._futures.pop(_key(task, arguments), None)
            self._arguments.pop(_key(task, arguments), None)

    def unfinished(self, task: str) -> list[dict[str, Any]]:
        """Return the arguments of every question to this task that is still being worked on."""
        with self._lock:
            asked = list(self._arguments.items())
            return [given for key, (name, given) in asked if name == task and not self._futures[key].done()]

    def asked(self, task: str) -> list[dict[str, Any]]:
        """Return the arguments of every question to this task that is remembered, in the order of asking."""
        with self._lock:
            return [given for name, given in self._arguments.values() if name == task]

    def _future(self, task: str, arguments: dict[str, Any], mark: str) -> Future[Any]:
        key = _key(task, arguments, mark)
        with self._lock:
            if key not in self._futures or self._may_have_passed(key):
                self._seen_failed.pop(key, None)
                self._futures[key] = self._submit(task, **arguments)
                self._arguments[key] = (task, arguments)
                while len(self._futures) > self._size:
                    oldest, _ = self._futures.popitem(last=False)
                    del self._arguments[oldest]
                    self._seen_failed.pop(oldest, None)
            self._futures.move_to_end(key)
            return self._futures[key]

    def _may_have_passed(self, key: str) -> bool:
        """Tell whether a question failed, was seen to have failed, and may now be answered."""
        if not _failed_in_passing(self._futures[key]):
            return False
        now = self._clock()
        return now - self._seen_failed.setdefault(key, now) >= RETRY_SECONDS


def _failed_in_passing(future: Future[Any]) -> bool:
    error = future.exception() if future.done() else None
    if isinstance(error, BuilderError):
        return error.problems[0].code in PASSING
    return error is not None


def _key(task: str, arguments: dict[str, Any], mark: str = "") -> str:
    # Pixels are part of a question too; their repr would leave most of them out.
    text = json.dumps([task, arguments, mark], sort_keys=True, default=_exact)
    return hashlib.sha256(text.encode()).hexdigest()


def _exact(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{hashlib.sha256(value.tobytes()).hexdigest()}"
    return repr(value)


def _answer(future: Future[Any]) -> Answer:
    error = future.exception()
    if error is None:
        return Answer("ready", future.result())
    if isinstance(error, BuilderError):
        return Answer("failed", problems=error.problems)
    logger.error("A task of the engine failed", exc_info=error)
    return Answer("failed", problems=(UNEXPECTED,))
