"""Owner, tags, note and trash of runs, in a table of their own beside that of the runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    Connection,
    ScalarSelect,
    Select,
    String,
    cast,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from builder.errors import stop
from builder.runs.records import RunRecord
from builder.runs.tables import details, runs

COLUMNS = (details.c.owner, details.c.tags, details.c.note, details.c.deleted_at)
LONGEST_TAG, MOST_TAGS, LONGEST_NOTE = 40, 20, 10_000


def joined(columns: Iterable[Any]) -> Select[Any]:
    """Return the selection of runs with their details."""
    return select(*columns, *COLUMNS).select_from(runs.outerjoin(details, details.c.run_id == runs.c.id))


def record(row: Mapping[str, Any]) -> RunRecord:
    """Return the run of a row of ``joined``."""
    facts = dict(row)
    tags, owner, note = facts.pop("tags"), facts.pop("owner"), facts.pop("note")
    return RunRecord(**facts, owner=owner or "", tags=tuple(tags or ()), note=note or "")


def write(connection: Connection, run_id: str, **values: Any) -> None:
    """Set details of a run.

    Raises:
        BuilderError: ``deleted`` where there is no such run.
    """
    statement = update(details).where(details.c.run_id == run_id).values(**values)
    if not connection.execute(statement.returning(details.c.run_id)).all():
        empty: dict[str, Any] = {"owner": "", "tags": [], "note": "", "deleted_at": None}
        connection.execute(insert(details).values(run_id=run_id, **{**empty, **values}))


def checked_tags(tags: Iterable[str]) -> list[str]:
    """Return tags without blanks around them and each once, in order.

    Raises:
        BuilderError: ``bad_tag`` where one is too long or there are too many.
    """
    found = sorted({" ".join(tag.split()) for tag in tags} - {""})
    long = [tag for tag in found if len(tag) > LONGEST_TAG]
    if long:
        message = f"The tag '{long[0][:LONGEST_TAG]}…' is longer than {LONGEST_TAG} characters. Shorten it."
        raise stop("bad_tag", message)
    if len(found) > MOST_TAGS:
        message = f"A run takes {MOST_TAGS} tags at most. Got {len(found)} instead; leave some out."
        raise stop("bad_tag", message)
    return found


def in_trash() -> ColumnElement[bool]:
    """Return the condition that a run of ``joined`` is in the trash."""
    return details.c.deleted_at.is_not(None)


def found_by(words: str) -> ColumnElement[bool]:
    """Return the condition that every word stands in a run's id, name, status, owner, tags or note."""
    condition: ColumnElement[bool] = runs.c.id.is_not(None)
    places = (runs.c.id, runs.c.name, runs.c.status, details.c.owner, details.c.note)
    for word in words.lower().split():
        # A tag's letters beyond ASCII stand escaped in no JSON of ours.
        inside = [func.lower(place).contains(word, autoescape=True) for place in places]
        inside.append(func.lower(cast(details.c.tags, String)).contains(word, autoescape=True))
        condition = condition & or_(*inside)
    return condition


def active_of_owner(statuses: Iterable[str], waiting: Any) -> ScalarSelect[Any]:
    """Return how many runs with these statuses the owner of a waiting run has."""
    other, mine, theirs = runs.alias("busy"), details.alias("mine"), details.alias("theirs")
    owner = (
        select(func.coalesce(func.max(mine.c.owner), ""))
        .where(mine.c.run_id == waiting.c.id)
        .correlate(waiting)
        .scalar_subquery()
    )
    busy = select(func.count()).select_from(other.outerjoin(theirs, theirs.c.run_id == other.c.id))
    condition = func.coalesce(theirs.c.owner, "") == owner
    return busy.where(other.c.status.in_(tuple(statuses)), condition).correlate(waiting).scalar_subquery()


def expired(connection: Connection, before: float) -> list[str]:
    """Return the runs that went into the trash before a moment."""
    wanted = select(details.c.run_id).where(details.c.deleted_at < before)
    return list(connection.execute(wanted).scalars())


def not_in_trash(run_id: Any) -> ColumnElement[bool]:
    """Return the condition that a run, by its id's column, is not in the trash."""
    return ~exists().where(details.c.run_id == run_id, details.c.deleted_at.is_not(None))
