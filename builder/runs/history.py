"""A project's history: every document that was kept, written with the edit itself."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, and_, delete, exists, func, insert, select, update

from builder.errors import stop
from builder.runs.database import to_json
from builder.runs.records import VersionRecord
from builder.runs.tables import projects, snapshots, versions
from builder.runs.thinning import superfluous
from builder.runs.writing_on import ONE_EDIT_SECONDS, writes_on

CREATED, EDIT, RESTORED = "created", "edit", "restored"
COLUMNS = [column for column in versions.columns if column.name != "project_id"]
LONGEST_NAME = 80


def digest_of(document: Mapping[str, Any]) -> str:
    """Return the hash that documents of equal content share."""
    return hashlib.sha256(_canonical(document)).hexdigest()


def record(
    connection: Connection,
    project_id: str,
    document: Mapping[str, Any],
    now: float,
    reason: str = EDIT,
    note: str = "",
) -> None:
    """Add a document to a project's history, unless it is what the history ends with.

    Where it only goes on writing a text that the newest version has begun, it stands in that one's place.
    Call it in a transaction that has written the project's row: that makes writers take turns.
    """
    text = _canonical(document)
    digest = hashlib.sha256(text).hexdigest()
    newest = list_versions(connection, project_id, 2)
    if newest and newest[0].digest == digest:
        return
    is_edit = (reason, note) == (EDIT, "")
    replaced = newest[:1] if is_edit and _is_unfinished(connection, project_id, newest, text, now) else []
    before = newest[len(replaced) :]
    if not before or before[0].digest != digest:
        facts = {"reason": reason, "note": note, "created_at": replaced[0].created_at if replaced else now}
        _add(connection, project_id, text, digest, facts)
    _remove(connection, project_id, [version.sequence for version in replaced])
    _remove(connection, project_id, _superfluous(connection, project_id, now))


def _is_unfinished(
    connection: Connection, project_id: str, newest: list[VersionRecord], text: bytes, now: float
) -> bool:
    """Tell whether the newest version is of a text that is still being written."""
    if len(newest) < 2:
        return False
    reached, start = newest
    is_passing = (reached.reason, reached.note, reached.name, reached.run_id) == (EDIT, "", "", None)
    if not is_passing or now - reached.created_at > ONE_EDIT_SECONDS:
        return False
    before, between = (read(connection, project_id, version.sequence)[1] for version in (start, reached))
    return writes_on(before, between, json.loads(text))


def _add(connection: Connection, project_id: str, text: bytes, digest: str, facts: Mapping[str, Any]) -> None:
    known = exists().where(snapshots.c.project_id == project_id, snapshots.c.digest == digest)
    if not connection.execute(select(known)).scalar():
        connection.execute(
            insert(snapshots).values(project_id=project_id, digest=digest, content=zlib.compress(text))
        )
    connection.execute(insert(versions).values(project_id=project_id, digest=digest, name="", **facts))


def begin(engine: Engine) -> None:
    """Give every project without a history, as in an older database, its present as the first version."""
    bare = ~exists().where(versions.c.project_id == projects.c.id)
    with engine.connect() as connection:
        waiting = connection.execute(select(projects.c.id).where(bare)).scalars().all()
    for project_id in waiting:
        # This writes nothing new: it holds the row, so that of several processes one records.
        hold = update(projects).where(projects.c.id == project_id).values(revision=projects.c.revision)
        with engine.begin() as connection:
            for row in connection.execute(hold.returning(projects.c.document, projects.c.updated_at)).all():
                record(connection, project_id, row.document, row.updated_at, CREATED)


def mark_run(connection: Connection, project_id: str, document: Mapping[str, Any], run_id: str) -> None:
    """Keep the version that a run was started from for ever; a run of another document marks none."""
    newest = select(func.max(versions.c.sequence)).where(
        versions.c.project_id == project_id, versions.c.digest == digest_of(document)
    )
    connection.execute(
        update(versions).where(versions.c.sequence == newest.scalar_subquery()).values(run_id=run_id)
    )


def list_versions(connection: Connection, project_id: str, limit: int) -> list[VersionRecord]:
    """Return a project's newest versions, newest first."""
    newest = (
        select(*COLUMNS)
        .where(versions.c.project_id == project_id)
        .order_by(versions.c.sequence.desc())
        .limit(limit)
    )
    return [VersionRecord(**row._mapping) for row in connection.execute(newest)]


def read(connection: Connection, project_id: str, sequence: int) -> tuple[VersionRecord, dict[str, Any]]:
    """Return a version and its document.

    Raises:
        BuilderError: ``unknown_version``.
    """
    joined = versions.join(
        snapshots,
        and_(versions.c.project_id == snapshots.c.project_id, versions.c.digest == snapshots.c.digest),
    )
    found = connection.execute(
        select(*COLUMNS, snapshots.c.content)
        .select_from(joined)
        .where(versions.c.project_id == project_id, versions.c.sequence == sequence)
    ).first()
    if found is None:
        message = f"The project has no version {sequence}. Old ones are thinned out; choose another one."
        raise stop("unknown_version", message)
    facts = dict(found._mapping)
    document: dict[str, Any] = json.loads(zlib.decompress(facts.pop("content")))
    return VersionRecord(**facts), document


def rename(connection: Connection, project_id: str, sequence: int, name: str) -> bool:
    """Give a version a name, which keeps it for ever, or none; tell whether there is such a version."""
    statement = (
        update(versions)
        .where(versions.c.project_id == project_id, versions.c.sequence == sequence)
        .values(name=name.strip()[:LONGEST_NAME])
        .returning(versions.c.sequence)
    )
    return connection.execute(statement).first() is not None


def _canonical(document: Mapping[str, Any]) -> bytes:
    return to_json(dict(document), canonical=True).encode()


def _superfluous(connection: Connection, project_id: str, now: float) -> list[int]:
    passing = (
        select(versions.c.sequence, versions.c.created_at)
        .where(versions.c.project_id == project_id, versions.c.name == "", versions.c.run_id.is_(None))
        .order_by(versions.c.sequence)
    )
    return superfluous([(row[0], row[1]) for row in connection.execute(passing)], now)


def _remove(connection: Connection, project_id: str, gone: list[int]) -> None:
    if not gone:
        return
    connection.execute(delete(versions).where(versions.c.sequence.in_(gone)))
    in_use = exists().where(
        versions.c.project_id == snapshots.c.project_id, versions.c.digest == snapshots.c.digest
    )
    connection.execute(delete(snapshots).where(snapshots.c.project_id == project_id, ~in_use))
