"""Warm worker processes with Keras imported, which answer the app's questions by task name.

The caller never imports Keras. Each lane is one process and one thread that looks after it, so a
crash, an exhausted memory or a time limit costs the call that ran and nothing else.
"""

from __future__ import annotations

import logging
import pickle
import queue
import subprocess
import threading
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from builder.errors import BuilderError, stop
from builder.jobs.engine_worker import Reply
from builder.jobs.processes import kill_group
from builder.runs.workspace import default_workspace
from builder.workers import launching
from builder.workers.environment import child_environment
from builder.workers.launching import Process

TASKS_MODULE = "builder.jobs.tasks"
# Shapes keep a lane to themselves: their caches stay warm and a long step never delays them.
# What takes a minute has one too, so that predictions and checks need not wait for it.
# Previews keep blocks and values in memory, and come with every edit while other work may go on.
SHAPES, WORK, SLOW, PREVIEW = "shapes", "work", "slow", "preview"
WARM_LANES = (SHAPES, WORK)
LANE_OF = {
    "infer": SHAPES,
    "analyze": SHAPES,
    "export": SLOW,
    "measure": SLOW,
    "evaluate": SLOW,
    "preflight": SLOW,
}
LANE_OF |= {"preview": PREVIEW, "open_model": SLOW, "lr_range": SLOW, "batch_sizes": SLOW}
LANE_OF |= {"serve": SLOW, "understand": SLOW}
TIME_LIMITS = {"infer": 60.0, "analyze": 60.0, "preview": 120.0, "open_model": 300.0}
TIME_LIMIT = 3600.0
START_LIMIT = 180.0
IDLE_CHECK_SECONDS = 1.0
# A lane that is not kept warm gives its memory back after so long without a call.
IDLE_LIMIT = 300.0
LOG_BYTES = 5_000_000

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class _Call:
    task: str
    request: bytes
    limit: float
    future: Future[Any] = field(default_factory=Future)


class Engine:
    """A small pool of workers: warm ones, and others that start when they are first needed.

    Args:
        tasks_module: the module whose ``TASKS`` are called and whose ``warm`` runs first.
        logs_folder: where the workers' output goes; the workspace's logs where None.
    """

    def __init__(self, tasks_module: str = TASKS_MODULE, logs_folder: Path | None = None) -> None:
        self._tasks_module = tasks_module
        self._logs_folder = logs_folder
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the warm workers, and return at once; Keras is imported in the meantime."""
        launching.use_copies()
        with self._lock:
            if not self._lanes:
                self._lanes = {name: self._new_lane(name) for name in WARM_LANES}

    @property
    def ready(self) -> bool:
        """Whether every worker that is kept warm is warm."""
        lanes = self._lanes
        return bool(lanes) and all(lanes[name].ready for name in WARM_LANES)

    def pids(self) -> dict[str, int | None]:
        """Return the process id of each started lane's worker; None while there is none."""
        with self._lock:
            return {name: lane.pid for name, lane in self._lanes.items()}

    def submit(self, task: str, **arguments: Any) -> Future[Any]:
        """Start a task by name and return its future.

        The future raises ``BuilderError``: that of the task, or ``engine_crashed``, ``engine_timeout``,
        ``engine_not_started``, ``internal_error``.
        """
        return self._enqueue(task, arguments).future

    def call(self, task: str, timeout: float | None = None, **arguments: Any) -> Any:
        """Run a task and return its value.

        Args:
            timeout: seconds to wait at most; a task that is still running then is ended.

        Raises:
            BuilderError: as ``submit``; ``engine_busy`` where the task had not begun in time.
        """
        call = self._enqueue(task, arguments)
        try:
            return call.future.result(timeout)
        except FutureTimeoutError:
            if call.future.cancel():
                message = f"The step '{task}' waits for an earlier one to end. Try again in a moment."
                raise stop("engine_busy", message) from None
            self._lane(task).end_call(call)
            return call.future.result()
        except CancelledError:
            raise _closed() from None

    def close(self) -> None:
        """End the workers; what still waits is cancelled."""
        with self._lock:
            lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            lane.close()

    def _enqueue(self, task: str, arguments: Mapping[str, Any]) -> _Call:
        # Pickled here, so that arguments that cannot be sent are the caller's error.
        request = pickle.dumps((task, dict(arguments)), protocol=pickle.HIGHEST_PROTOCOL)
        self.start()
        call = _Call(task, request, TIME_LIMITS.get(task, TIME_LIMIT))
        self._lane(task).put(call)
        return call

    def _lane(self, task: str) -> _Lane:
        name = LANE_OF.get(task, WORK)
        with self._lock:
            if not self._lanes:
                raise _closed()
            if name not in self._lanes:
                self._lanes[name] = self._new_lane(name)
            return self._lanes[name]

    def _new_lane(self, name: str) -> _Lane:
        folder = self._logs_folder or default_workspace().logs_folder
        return _Lane(name, self._tasks_module, folder)


class _Lane:
    """One worker process and the thread that hands it one call after another."""

    def __init__(self, name: str, tasks_module: str, logs_folder: Path) -> None:
        self.ready = False
        self._name = name
        self._tasks_module = tasks_module
        self._log = logs_folder / f"engine-{name}.log"
        self._waiting: queue.SimpleQueue[_Call] = queue.SimpleQueue()
        self._process: Process | None = None
        self._running: _Call | None = None
        self._timed_out = False
        self._closing = threading.Event()
        # Held while a worker is ended on time, so that a finished call's successor is never hit.
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._look_after, name=f"engine-{name}", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None else None

    def put(self, call: _Call) -> None:
        self._waiting.put(call)

    def end_call(self, call: _Call) -> None:
        """End the worker if it is still busy with ``call``."""
        with self._lock:
            if self._running is call and self._process is not None:
                self._timed_out = True
                self._process.kill()

    def close(self) -> None:
        self._closing.set()
        with self._lock:
            if self._process is not None:
                self._process.kill()
        self._thread.join()

    def _look_after(self) -> None:
        self._start_worker()
        last_call = time.monotonic()
        while not self._closing.is_set():
            try:
                call = self._waiting.get(timeout=IDLE_CHECK_SECONDS)
            except queue.Empty:
                self._look_at_idle_worker(time.monotonic() - last_call)
                continue
            if call.future.set_running_or_notify_cancel():
                self._serve(call)
            last_call = time.monotonic()
        self._end_worker()
        while not self._waiting.empty():
            self._waiting.get().future.cancel()

    def _look_at_idle_worker(self, idle_seconds: float) -> None:
        if self._process is None:
            return
        if self._name not in WARM_LANES:
            if idle_seconds > IDLE_LIMIT:
                self._end_worker()
        elif self._process.poll() is not None:
            self._restart_worker()

    def _serve(self, call: _Call) -> None:
        if self._process is None or self._process.poll() is not None:
            self._restart_worker()
        if self._process is None:
            call.future.set_exception(_not_started(self._log))
            return
        with self._lock:
            self._running, self._timed_out = call, False
        started = time.monotonic()
        timer = threading.Timer(call.limit, self.end_call, (call,))
        timer.daemon = True
        timer.start()
        reply = self._exchange(call)
        timer.cancel()
        with self._lock:
            self._running = None
        if reply is None:
            self._report_loss(call, time.monotonic() - started)
            return
        value, problems = reply
        if problems:
            call.future.set_exception(BuilderError(problems))
        else:
            call.future.set_result(value)

    def _exchange(self, call: _Call) -> Reply | None:
        """Return the worker's reply, or None where it ended without one."""
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(call.request)
            self._process.stdin.flush()
            return self._receive()
        except OSError:
            return None

    def _receive(self) -> Reply | None:
        assert self._process is not None and self._process.stdout is not None
        try:
            reply: Reply = pickle.load(self._process.stdout)
            return reply
        except Exception:
            # A reply that was cut off can fail in any way that unpickling can.
            return None

    def _report_loss(self, call: _Call, seconds: float) -> None:
        timed_out = self._timed_out
        code = self._end_worker()
        logger.warning("Engine lane %s lost task %s (exit code %s)", self._name, call.task, code)
        if self._closing.is_set():
            error = _closed()
        elif timed_out:
            error = _too_long(call.task, seconds)
        else:
            error = _crashed(call.task, code)
        # Before the restart, so that nobody waits for a lost call while Keras is imported.
        call.future.set_exception(error)
        if not self._closing.is_set():
            self._start_worker()

    def _restart_worker(self) -> None:
        self._end_worker()
        self._start_worker()

    def _start_worker(self) -> None:
        # The lock is not held while Keras is imported, so that close() can end a starting worker.
        try:
            with self._lock:
                if self._closing.is_set():
                    return
                self._process = self._launch()
        except OSError:
            logger.exception("Engine lane %s cannot start a process", self._name)
            return
        timer = threading.Timer(START_LIMIT, self._process.kill)
        timer.daemon = True
        timer.start()
        self.ready = self._receive() is not None
        timer.cancel()
        if not self.ready:
            self._end_worker()

    def _launch(self) -> Process:
        # Shapes and single samples need no GPU, and its memory belongs to training.
        extra = {"CUDA_VISIBLE_DEVICES": "-1"} if self._name in (SHAPES, PREVIEW) else {}
        too_long = self._log.exists() and self._log.stat().st_size > LOG_BYTES
        with open(self._log, "wb" if too_long else "ab") as log:
            return launching.start(
                "builder.jobs.engine_worker",
                [self._tasks_module],
                child_environment(extra),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                new_session=True,
            )

    def _end_worker(self) -> int | None:
        with self._lock:
            process, self._process, self.ready = self._process, None, False
        if process is None:
            return None
        kill_group(process)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                _close_quietly(stream)
        return process.returncode


def _close_quietly(stream: Any) -> None:
    try:
        stream.close()
    except OSError:
        # A call that was not read to its end is still in the buffer of a pipe that nobody reads.
        pass


def _crashed(task: str, code: int | None) -> BuilderError:
    message = (
        f"The step '{task}' ended abruptly (exit code {code}); only this step is lost. Most often the memory "
        "of the machine did not suffice: make the model, the batch or the data smaller, or end other runs, "
        "and try again."
    )
    return stop("engine_crashed", message)


def _too_long(task: str, seconds: float) -> BuilderError:
    message = (
        f"The step '{task}' was ended after {seconds:.0f} seconds because it took too long. "
        "Make the model or the data smaller, or try again when the machine is less busy."
    )
    return stop("engine_timeout", message)


def _not_started(log: Path) -> BuilderError:
    message = (
        "The process that runs Keras does not start, so this step was not done. Check that the requirements "
        f"are installed and that memory is free; the file {log} says more."
    )
    return stop("engine_not_started", message)


def _closed() -> BuilderError:
    return stop("engine_closed", "Kerablocks is shutting down, so this step was not done. Start it again.")
