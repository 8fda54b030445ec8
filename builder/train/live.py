"""A run's link to the database: a thread writes what the loop tells and reads what the person wants."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from builder.errors import BuilderError
from builder.runs.files import write_json
from builder.runs.records import PAUSED, RUNNING, MetricRow
from builder.runs.store import Store
from builder.train.tensorboard import EventFiles

TICK_SECONDS = 0.15
HEARTBEAT_SECONDS = 0.9
# Values wait here while the database refuses; beyond this many the oldest are dropped.
MAXIMUM_WAITING = 100_000

FINDINGS_FILE = "findings.json"
Placed = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]

logger = logging.getLogger(__name__)


class LiveLink:
    """A ``Reporter`` and ``Control`` over the database that never makes the loop wait.

    Values reach the database within ``TICK_SECONDS``, the heartbeat beats about once a second whatever the
    loop does, and commands are read several times a second. Use it as a context manager: the thread runs
    inside, and everything is written at the exit. Values also go into TensorBoard's event files in the run's
    folder.

    Args:
        placed: turns findings on layers into findings on blocks.
    """

    def __init__(self, store: Store, run_id: str, folder: Path, placed: Placed = list) -> None:
        self._store, self._run_id = store, run_id
        self._event_files, self._folder, self._placed = EventFiles(folder), folder, placed
        self._rows: list[MetricRow] = []
        self._progress: dict[str, Any] = {}
        self._changed = False
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._end = threading.Event()
        self._command: str | None = None
        self._interrupted = False
        self._beat = 0.0
        self._thread = threading.Thread(target=self._work, name="live-link", daemon=True)

    def __enter__(self) -> LiveLink:
        self._command = self._store.command(self._run_id)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        self._tick()
        self._event_files.close()

    # Reporter

    def metrics(self, rows: Sequence[MetricRow]) -> None:
        """Queue values for writing."""
        self._event_files.metrics(rows)
        with self._lock:
            self._rows.extend(rows)
            del self._rows[:-MAXIMUM_WAITING]

    def progress(self, values: Mapping[str, Any]) -> None:
        """Queue changed parts of the progress for writing."""
        with self._lock:
            self._progress = {**self._progress, **values}
            self._changed = True

    def event(self, kind: str, message: str) -> None:
        """Write a note at once; notes are rare."""
        self._store.add_event(self._run_id, kind, message)

    def paused(self, is_paused: bool) -> None:
        """Change the run's status at once."""
        old, new = (RUNNING, PAUSED) if is_paused else (PAUSED, RUNNING)
        if self._store.transition(self._run_id, [old], new):
            self.event("paused" if is_paused else "resumed", "Paused." if is_paused else "Goes on.")

    def tensors(self, sample: Mapping[str, Any]) -> None:
        """Write the sample into the run's event files; the run's folder has it already."""
        self._event_files.tensors(sample)

    def findings(self, found: list[dict[str, Any]]) -> None:
        """Keep the findings in the run's folder, on blocks instead of layers."""
        write_json(self._folder / FINDINGS_FILE, self._placed(found))

    def flush(self) -> None:
        """Write the values that wait at once, since a kill after the checkpoint must not lose them."""
        try:
            self._write()
        except Exception:
            # A locked or full database must not end the training; the thread tries again.
            logger.exception("The run could not report; it tries again")

    def goes_on_from(self, step: int, epochs: int) -> None:
        """Delete values of later steps and of epochs that had not been saved whole; they will come again."""
        self._store.discard_metrics(self._run_id, step, epochs)

    # Control

    def command(self) -> str | None:
        """Return the command that was read last, or "interrupt" after ``interrupt``."""
        return "interrupt" if self._interrupted else self._command

    def interrupt(self) -> None:
        """Ask the loop to write a checkpoint and end; safe in a signal handler."""
        self._interrupted = True

    def wait(self, seconds: float) -> None:
        """Return after so many seconds."""
        time.sleep(seconds)

    # The thread

    def _work(self) -> None:
        while not self._end.wait(TICK_SECONDS):
            self._tick()

    def _tick(self) -> None:
        try:
            self._write()
            self._command = self._store.command(self._run_id)
        except BuilderError:
            # The run was deleted: nothing that it could still do is wanted.
            self._interrupted = True
        except Exception:
            # A locked or full database must not end the training; the next tick tries again.
            logger.exception("The run could not report; it tries again")

    def _write(self) -> None:
        # One at a time: whoever asks must not return while an earlier write is still on its way.
        with self._writing:
            self._write_waiting()

    def _write_waiting(self) -> None:
        with self._lock:
            rows, changed, progress = self._rows, self._changed, self._progress
            self._rows, self._changed = [], False
        try:
            self._store.write_metrics(self._run_id, rows)
            rows = []
            now = time.time()
            if changed or now - self._beat >= HEARTBEAT_SECONDS:
                self._store.update_run(self._run_id, heartbeat=now, progress=progress)
                self._beat = now
        except Exception:
            with self._lock:
                self._rows, self._changed = [*rows, *self._rows], True
            raise
