"""The database of projects and runs, safe for several processes that write at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import uuid4

from sqlalchemy import Column, ColumnElement, Executable, Row, case, delete, func, insert, select, update

from builder.errors import BuilderError, stop
from builder.runs import history, run_details
from builder.runs.database import open_database
from builder.runs.records import (
    ACTIVE,
    COMMANDS,
    ENDED,
    QUEUED,
    RUNNING,
    STARTING,
    STATUSES,
    EventRecord,
    LibraryBlock,
    MetricRecord,
    MetricRow,
    ProjectRecord,
    ProjectSummary,
    RunRecord,
    VersionRecord,
)
from builder.runs.tables import events, library, metrics, projects, runs
from builder.runs.workspace import default_workspace

UPDATABLE = frozenset(
    (
        "host",
        "pid",
        "process_started",
        "heartbeat",
        "progress",
        "result",
        "error",
        "command",
        "queued_at",
        "name",
    )
)
ANY_PID = -1
# The document can be large; a list of runs does without it.
RUN_COLUMNS = [column for column in runs.columns if column.name != "document"]
SUMMARY_COLUMNS = [column for column in projects.columns if column.name != "document"]


class Store:
    """Projects with their history, own blocks, and runs with their metrics and events.

    They lie in SQLite or in any database that the URL names.

    Args:
        database_url: a SQLAlchemy URL.
        clock: returns the time in seconds since 1970.

    Raises:
        BuilderError: from every method, where the disk is full or the database refuses or is gone.
    """

    def __init__(self, database_url: str, clock: Callable[[], float] = time.time) -> None:
        self.engine = open_database(database_url)
        self._clock = clock
        history.begin(self.engine)

    def close(self) -> None:
        """Close every connection; the next call opens a new one."""
        self.engine.dispose()

    # Projects

    def create_project(self, document: Mapping[str, Any]) -> str:
        """Save a new project document and return its id."""
        now, project_id = self._clock(), _new_id()
        statement = insert(projects).values(
            id=project_id,
            name=_name(document),
            document=dict(document),
            revision=1,
            created_at=now,
            updated_at=now,
        )
        with self.engine.begin() as connection:
            connection.execute(statement)
            history.record(connection, project_id, document, now, history.CREATED)
        return project_id

    def save_project(
        self,
        project_id: str,
        document: Mapping[str, Any],
        revision: int | None = None,
        *,
        reason: str = history.EDIT,
        note: str = "",
    ) -> int:
        """Save a document in place of the earlier one and return its revision number.

        The earlier one stays in the history.

        Args:
            revision: the revision that the edit started from. Where it is given and someone else has
                saved since, nothing is written.
            reason: what the history says of the edit: ``history.EDIT`` or ``history.RESTORED``.
            note: what else it says.

        Raises:
            BuilderError: ``unknown_project``, or ``stale_revision`` where someone else has saved since.
        """
        now = self._clock()
        wanted = [projects.c.id == project_id]
        if revision is not None:
            wanted.append(projects.c.revision == revision)
        statement = (
            update(projects)
            .where(*wanted)
            .values(
                name=_name(document),
                document=dict(document),
                revision=projects.c.revision + 1,
                updated_at=now,
            )
            .returning(projects.c.revision)
        )
        with self.engine.begin() as connection:
            saved = connection.execute(statement).all()
            if saved:
                history.record(connection, project_id, document, now, reason, note)
                return int(saved[0].revision)
        current = self.project(project_id)
        message = (
            f"The project '{current.name}' was changed elsewhere, perhaps in another tab: your edit started "
            f"from revision {revision}, and it is now at {current.revision}. Reload the page and edit again."
        )
        raise stop("stale_revision", message)

    def project(self, project_id: str) -> ProjectRecord:
        """Return a project.

        Raises:
            BuilderError: ``unknown_project``.
        """
        found = self._read(select(*SUMMARY_COLUMNS, projects.c.document).where(projects.c.id == project_id))
        if not found:
            raise stop("unknown_project", f"There is no project '{project_id}'. It may have been deleted.")
        return ProjectRecord(**found[0]._mapping)

    def list_projects(self, limit: int = 200) -> list[ProjectSummary]:
        """Return the projects that were changed last, newest first, without their documents."""
        newest = select(*SUMMARY_COLUMNS).order_by(projects.c.updated_at.desc(), projects.c.id).limit(limit)
        return [ProjectSummary(**row._mapping) for row in self._read(newest)]

    def delete_project(self, project_id: str) -> list[str]:
        """Delete a project with its runs, and return the runs' ids, whose folders can then be removed.

        Raises:
            BuilderError: ``unknown_project``, or ``project_in_use`` where one of its runs is going on.
        """
        run_ids = [row.id for row in self._read(select(runs.c.id).where(runs.c.project_id == project_id))]
        busy = select(runs.c.id).where(runs.c.project_id == project_id, runs.c.status.in_(ACTIVE))
        statement = delete(projects).where(projects.c.id == project_id, ~busy.exists())
        if not self._write(statement.returning(projects.c.id)):
            name = self.project(project_id).name
            message = (
                f"The project '{name}' has a run that is going on. Stop the run first, then delete again."
            )
            raise stop("project_in_use", message)
        return run_ids

    # History

    def versions(self, project_id: str, limit: int = 200) -> list[VersionRecord]:
        """Return the newest versions of a project's document, newest first; the first is the present one."""
        with self.engine.connect() as connection:
            return history.list_versions(connection, project_id, limit)

    def version(self, project_id: str, sequence: int) -> tuple[VersionRecord, dict[str, Any]]:
        """Return a version and its document.

        Raises:
            BuilderError: ``unknown_version``.
        """
        with self.engine.connect() as connection:
            return history.read(connection, project_id, sequence)

    def name_version(self, project_id: str, sequence: int, name: str) -> bool:
        """Give a version a name, which keeps it for ever, or none; tell whether there is such a version."""
        with self.engine.begin() as connection:
            return history.rename(connection, project_id, sequence, name)

    # The library of own blocks

    def save_block(self, kind: str, label: str, definition: Mapping[str, Any]) -> None:
        """Keep an own block in the library, in place of one of its kind."""
        values = {"label": label, "definition": dict(definition), "updated_at": self._clock()}
        with self.engine.begin() as connection:
            # The first statement writes, so that two savers of one kind take turns.
            known = connection.execute(
                update(library).where(library.c.kind == kind).values(**values).returning(library.c.kind)
            ).all()
            if not known:
                connection.execute(insert(library).values(kind=kind, **values))

    def blocks(self) -> list[LibraryBlock]:
        """Return the own blocks of the library, by label."""
        found = self._read(select(library).order_by(library.c.label, library.c.kind))
        return [LibraryBlock(**row._mapping) for row in found]

    def remove_block(self, kind: str) -> LibraryBlock:
        """Take an own block out of the library and return it, so that it can be put back.

        Raises:
            BuilderError: ``unknown_block``.
        """
        removed = self._write(delete(library).where(library.c.kind == kind).returning(*library.columns))
        if not removed:
            known = ", ".join(block.kind for block in self.blocks()) or "none"
            raise stop("unknown_block", f"The library has no block '{kind}'. It has: {known}.")
        return LibraryBlock(**removed[0]._mapping)

    # Runs

    def create_run(self, project_id: str, document: Mapping[str, Any], owner: str = "") -> str:
        """Add a run of a frozen document to the queue and return its id.

        Args:
            owner: who starts it, where that is known; the queue is fair between owners.

        Raises:
            BuilderError: ``deleted`` where there is no such project.
        """
        now, run_id = self._clock(), _new_id()
        statement = insert(runs).values(
            id=run_id,
            project_id=project_id,
            name=_name(document),
            document=dict(document),
            status=QUEUED,
            created_at=now,
            queued_at=now,
            progress={},
            result={},
        )
        with self.engine.begin() as connection:
            connection.execute(statement)
            history.mark_run(connection, project_id, document, run_id)
            if owner:
                run_details.write(connection, run_id, owner=owner)
        return run_id

    def run(self, run_id: str) -> RunRecord:
        """Return a run.

        Raises:
            BuilderError: ``unknown_run``.
        """
        found = self._read(run_details.joined(RUN_COLUMNS).where(runs.c.id == run_id))
        if not found:
            raise _unknown_run(run_id)
        return run_details.record(dict(found[0]._mapping))

    def run_document(self, run_id: str) -> dict[str, Any]:
        """Return the project document that a run was started with.

        Raises:
            BuilderError: ``unknown_run``.
        """
        return dict(self._run_row(run_id, [runs.c.document]).document)

    def queue(self) -> list[str]:
        """Return the ids of the runs that wait, in the order in which they will start."""
        waiting = runs.alias("waiting")
        first = (
            select(waiting.c.id)
            .where(waiting.c.status == QUEUED, run_details.not_in_trash(waiting.c.id))
            .order_by(run_details.active_of_owner(ACTIVE, waiting), waiting.c.queued_at, waiting.c.id)
        )
        return [row.id for row in self._read(first)]

    def list_runs(
        self,
        project_id: str | None = None,
        statuses: Sequence[str] | None = None,
        limit: int = 1000,
        *,
        words: str = "",
        in_trash: bool = False,
    ) -> list[RunRecord]:
        """Return runs, newest first; of one project and with certain statuses where these are given.

        Args:
            words: each must stand in the run's id, name, status, owner, tags or note.
            in_trash: those that were deleted within the last day, instead of the others.
        """
        trash = run_details.in_trash()
        wanted: list[ColumnElement[bool]] = [trash if in_trash else ~trash]
        if words.strip():
            wanted.append(run_details.found_by(words))
        if project_id is not None:
            wanted.append(runs.c.project_id == project_id)
        if statuses is not None:
            wanted.append(runs.c.status.in_(statuses))
        newest = run_details.joined(RUN_COLUMNS).where(*wanted)
        newest = newest.order_by(runs.c.created_at.desc(), runs.c.id).limit(limit)
        return [run_details.record(dict(row._mapping)) for row in self._read(newest)]

    def run_numbers(self, project_id: str) -> dict[str, int]:
        """Return the number of each run of a project by its id: 1 is the oldest that is kept."""
        kept = run_details.joined([runs.c.id]).where(runs.c.project_id == project_id, ~run_details.in_trash())
        ids = self._read(kept.order_by(runs.c.created_at, runs.c.id.desc()))
        return {row.id: place for place, row in enumerate(ids, 1)}

    def tag_run(self, run_id: str, tags: Iterable[str]) -> list[str]:
        """Give a run these tags instead of those it has, and return them as they are kept.

        Raises:
            BuilderError: ``bad_tag``, or ``unknown_run``.
        """
        kept = run_details.checked_tags(tags)
        self._write_details(run_id, tags=kept)
        return kept

    def note_run(self, run_id: str, note: str) -> None:
        """Give a run this note instead of the one it has.

        Raises:
            BuilderError: ``unknown_run``.
        """
        self._write_details(run_id, note=note.strip()[: run_details.LONGEST_NOTE])

    def trash_run(self, run_id: str) -> None:
        """Put a run that is not going on into the trash, from where it can be restored for a day.

        Raises:
            BuilderError: ``unknown_run``, or ``run_in_use`` where it is going on.
        """
        if self.run(run_id).status in ACTIVE:
            raise self._in_use(run_id)
        self._write_details(run_id, deleted_at=self._clock())

    def restore_run(self, run_id: str) -> None:
        """Take a run out of the trash.

        Raises:
            BuilderError: ``unknown_run``.
        """
        self._write_details(run_id, deleted_at=None)

    def expired_runs(self, seconds: float) -> list[str]:
        """Return the runs that have been in the trash for longer than so many seconds."""
        with self.engine.connect() as connection:
            return run_details.expired(connection, self._clock() - seconds)

    def _write_details(self, run_id: str, **values: Any) -> None:
        self._run_row(run_id, [runs.c.id])
        with self.engine.begin() as connection:
            run_details.write(connection, run_id, **values)

    def _in_use(self, run_id: str) -> BuilderError:
        name = self.run(run_id).name
        return stop("run_in_use", f"The run of '{name}' is going on. Stop it first, then delete it.")

    def delete_run(self, run_id: str) -> None:
        """Delete a run with its metrics and events.

        Raises:
            BuilderError: ``unknown_run``, or ``run_in_use`` where it is going on.
        """
        statement = delete(runs).where(runs.c.id == run_id, runs.c.status.not_in(ACTIVE))
        if not self._write(statement.returning(runs.c.id)):
            raise self._in_use(run_id)

    def transition(
        self,
        run_id: str,
        from_statuses: Sequence[str],
        to_status: str,
        *,
        while_pid: int | None = ANY_PID,
        **fields: Any,
    ) -> bool:
        """Change a run's status if it has one of ``from_statuses``; tell whether it was changed.

        Of several processes that try at once, one succeeds. ``fields`` are those of ``update_run``.
        The times of start and end are kept by themselves. With ``while_pid``, nothing is changed where
        another process runs it by now.
        """
        if to_status not in STATUSES:
            raise ValueError(f"{to_status!r} is not one of {STATUSES}")
        wanted = [runs.c.id == run_id, runs.c.status.in_(from_statuses)]
        if while_pid != ANY_PID:
            wanted.append(runs.c.pid == while_pid)
        statement = (
            update(runs)
            .where(*wanted)
            .values(status=to_status, **_checked(fields), **self._times(to_status))
            .returning(runs.c.id)
        )
        return bool(self._write(statement))

    def claim_next(self, limit: int) -> str | None:
        """Make a waiting run ``starting``, unless ``limit`` runs are going on; return its id.

        It is the one that waits longest among those whose owner has the fewest runs going on.
        Of several processes that claim at once, each gets another run, and never more than ``limit``.
        """
        other = runs.alias("other")
        active = select(func.count()).select_from(other).where(other.c.status.in_(ACTIVE)).scalar_subquery()
        waiting = runs.alias("waiting")
        first = (
            select(waiting.c.id)
            .where(waiting.c.status == QUEUED, run_details.not_in_trash(waiting.c.id))
            .order_by(run_details.active_of_owner(ACTIVE, waiting), waiting.c.queued_at, waiting.c.id)
            .limit(1)
            .scalar_subquery()
        )
        statement = (
            update(runs)
            .where(runs.c.id == first, runs.c.status == QUEUED, active < limit)
            .values(
                status=STARTING,
                heartbeat=self._clock(),
                host=None,
                pid=None,
                process_started=None,
                **self._times(STARTING),
            )
            .returning(runs.c.id)
        )
        claimed = self._write(statement)
        return claimed[0].id if claimed else None

    def update_run(self, run_id: str, **fields: Any) -> None:
        """Set fields of a run; ``UPDATABLE`` names them. The status changes by ``transition`` only."""
        self._write(update(runs).where(runs.c.id == run_id).values(**_checked(fields)))

    def send_command(self, run_id: str, command: str) -> bool:
        """Ask a run that is going on to ``pause``, ``resume`` or ``stop``; tell whether it is going on.

        The latest command holds until another one takes its place.
        """
        if command not in COMMANDS:
            raise ValueError(f"{command!r} is not one of {COMMANDS}")
        statement = update(runs).where(runs.c.id == run_id, runs.c.status.in_(ACTIVE)).values(command=command)
        return bool(self._write(statement.returning(runs.c.id)))

    def command(self, run_id: str) -> str | None:
        """Return the latest command to a run, or None where there is none.

        Raises:
            BuilderError: ``unknown_run`` where the run was deleted.
        """
        command: str | None = self._run_row(run_id, [runs.c.command]).command
        return command

    # Metrics and events

    def write_metrics(self, run_id: str, rows: Iterable[MetricRow]) -> None:
        """Add values to a run, all or none."""
        values = [
            {
                "run_id": run_id,
                "scope": row.scope,
                "step": int(row.step),
                "epoch": int(row.epoch),
                "name": row.name,
                "value": None if math.isnan(row.value) else float(row.value),
            }
            for row in rows
        ]
        if values:
            with self.engine.begin() as connection:
                connection.execute(insert(metrics), values)

    def metrics_after(self, run_id: str, sequence: int = 0, limit: int = 10_000) -> list[MetricRecord]:
        """Return the values of a run that follow a sequence number, in the order of writing.

        A run has one writer at a time, so that no smaller number can appear later.
        """
        return self._metrics(metrics.c.run_id == run_id, metrics.c.sequence > sequence, limit=limit)

    def epoch_metrics(self, run_id: str, limit: int) -> list[MetricRecord]:
        """Return the values of a run at the ends of its epochs, in the order of writing."""
        return self._metrics(metrics.c.run_id == run_id, metrics.c.scope == "epoch", limit=limit)

    def _metrics(self, *wanted: ColumnElement[bool], limit: int) -> list[MetricRecord]:
        columns = [metrics.c[name] for name in ("scope", "step", "epoch", "name", "value", "sequence")]
        found = select(*columns).where(*wanted).order_by(metrics.c.sequence).limit(limit)
        return [
            MetricRecord(row[0], row[1], row[2], row[3], math.nan if row[4] is None else row[4], row[5])
            for row in map(tuple, self._read(found))
        ]

    def discard_metrics(self, run_id: str, after_step: int, epochs: int) -> None:
        """Delete what a run will tell again, before it goes on from a checkpoint.

        Args:
            run_id: the run.
            after_step: the checkpoint's step; values of later ones go.
            epochs: the epochs that have ended there; the values at the ends of later ones go.
        """
        ends_again = (metrics.c.scope == "epoch") & (metrics.c.epoch > epochs)
        later = (metrics.c.step > after_step) | ends_again
        self._write(delete(metrics).where(metrics.c.run_id == run_id, later))

    def add_event(self, run_id: str, kind: str, message: str) -> None:
        """Add a dated note to a run."""
        self._write(
            insert(events).values(run_id=run_id, kind=kind, message=message, created_at=self._clock())
        )

    def events(self, run_id: str, limit: int = 200) -> list[EventRecord]:
        """Return the latest notes on a run, oldest first."""
        columns = (events.c.sequence, events.c.kind, events.c.message, events.c.created_at)
        latest = (
            select(*columns).where(events.c.run_id == run_id).order_by(events.c.sequence.desc()).limit(limit)
        )
        return [EventRecord(**row._mapping) for row in reversed(self._read(latest))]

    def _times(self, status: str) -> dict[str, Any]:
        now = self._clock()
        if status == RUNNING:
            return {"started_at": case((runs.c.started_at.is_(None), now), else_=runs.c.started_at)}
        if status in ENDED:
            return {"finished_at": now}
        return {"finished_at": None}

    def _run_row(self, run_id: str, columns: Sequence[Column[Any]]) -> Row[Any]:
        found = self._read(select(*columns).where(runs.c.id == run_id))
        if not found:
            raise _unknown_run(run_id)
        return found[0]

    def _read(self, statement: Executable) -> list[Row[Any]]:
        with self.engine.connect() as connection:
            return list(connection.execute(statement).all())

    def _write(self, statement: Executable) -> list[Row[Any]]:
        """Run one statement in a transaction and return the rows that it returns.

        One statement, because SQLite cannot wait for a lock between a read and a write.
        """
        with self.engine.begin() as connection:
            result = connection.execute(statement)
            return list(result.all()) if result.returns_rows else []


@lru_cache(maxsize=8)
def _opened(database_url: str) -> Store:
    return Store(database_url)


def default_store() -> Store:
    """Return this process's store of the workspace that the environment names."""
    return _opened(default_workspace().database_url)


def _unknown_run(run_id: str) -> BuilderError:
    return stop(
        "unknown_run", f"There is no run '{run_id}'. It may have been deleted; choose one from the list."
    )


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - UPDATABLE
    if unknown:
        raise ValueError(f"a run has no updatable fields {sorted(unknown)}")
    return dict(fields)


def _name(document: Mapping[str, Any]) -> str:
    return str(document.get("name") or "Untitled")


def _new_id() -> str:
    return uuid4().hex[:16]
