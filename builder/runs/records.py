"""What the store gives back: frozen records, and the statuses of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

QUEUED = "queued"
STARTING = "starting"
RUNNING = "running"
PAUSED = "paused"
FINISHED = "finished"
STOPPED = "stopped"
FAILED = "failed"
INTERRUPTED = "interrupted"

ACTIVE = (STARTING, RUNNING, PAUSED)
ENDED = (FINISHED, STOPPED, FAILED, INTERRUPTED)
RESUMABLE = (STOPPED, FAILED, INTERRUPTED)
STATUSES = (QUEUED, *ACTIVE, *ENDED)
COMMANDS = ("pause", "resume", "stop")


@dataclass(frozen=True)
class ProjectSummary:
    """A project in a list. Times are seconds since 1970."""

    id: str
    name: str
    revision: int
    created_at: float
    updated_at: float


@dataclass(frozen=True)
class ProjectRecord(ProjectSummary):
    """A project with its document; ``revision`` grows by one at every save."""

    document: dict[str, Any]


@dataclass(frozen=True)
class RunRecord:
    """A run without its document. Times are seconds since 1970.

    ``host``, ``pid`` and ``process_started`` name its process, as ``psutil`` tells them; ``error`` is a
    ``Problem`` as JSON. ``owner`` is who started it, where that is known; ``tags`` and ``note`` are what
    people wrote; ``deleted_at`` is when it went into the trash, or None.
    """

    id: str
    project_id: str
    name: str
    status: str
    command: str | None
    host: str | None
    pid: int | None
    process_started: float | None
    heartbeat: float | None
    created_at: float
    queued_at: float
    started_at: float | None
    finished_at: float | None
    progress: dict[str, Any]
    result: dict[str, Any]
    error: dict[str, Any] | None
    owner: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    deleted_at: float | None = None


@dataclass(frozen=True)
class MetricRow:
    """A value to be written: ``scope`` is ``"step"`` or ``"epoch"``, ``step`` counts over all epochs."""

    scope: str
    step: int
    epoch: int
    name: str
    value: float


@dataclass(frozen=True)
class MetricRecord(MetricRow):
    """A value that was written; ``sequence`` grows within a run, so a reader can go on after it."""

    sequence: int


@dataclass(frozen=True)
class EventRecord:
    """A dated note on a run, such as a pause or a crash."""

    sequence: int
    kind: str
    message: str
    created_at: float


@dataclass(frozen=True)
class VersionRecord:
    """A project's document as it once was, in a list.

    ``reason`` is ``"created"``, ``"edit"`` or ``"restored"``; ``note`` says more, ``name`` is what the
    person calls it, ``run_id`` is a run that was started from it.
    """

    sequence: int
    digest: str
    reason: str
    note: str
    name: str
    run_id: str | None
    created_at: float


@dataclass(frozen=True)
class ServerRecord:
    """A prediction server of a run's model: ``served`` is what it holds, ``machine`` where it was started.

    ``pid`` and ``process_started`` name its process, as ``psutil`` tells them.
    """

    id: str
    run_id: str
    served: str
    machine: str
    host: str
    port: int
    pid: int
    process_started: float | None
    started_at: float

    @property
    def address(self) -> str:
        """Where its page is."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{self.port}"


@dataclass(frozen=True)
class LibraryBlock:
    """A block of a person's own, ready for every project."""

    kind: str
    label: str
    definition: dict[str, Any]
    updated_at: float
