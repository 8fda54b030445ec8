"""The prediction servers in the database: those that were started and not yet stopped."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, insert, select

from builder.errors import shown_value, stop
from builder.runs.records import ServerRecord
from builder.runs.store import Store
from builder.runs.tables import servers


def add_server(store: Store, record: ServerRecord) -> None:
    """Keep a server that was started.

    Raises:
        BuilderError: ``deleted`` where its run was deleted in the meantime.
    """
    with store.engine.begin() as connection:
        connection.execute(insert(servers).values(**asdict(record)))


def list_servers(store: Store, run_id: str | None = None) -> list[ServerRecord]:
    """Return the servers, of one run or of all, newest first."""
    statement = select(servers).order_by(servers.c.started_at.desc())
    if run_id is not None:
        statement = statement.where(servers.c.run_id == run_id)
    with store.engine.connect() as connection:
        return [ServerRecord(**row._mapping) for row in connection.execute(statement)]


def find_server(store: Store, server_id: str) -> ServerRecord:
    """Return a server.

    Raises:
        BuilderError: ``unknown_server``.
    """
    found = [record for record in list_servers(store) if record.id == server_id]
    if not found:
        message = f"There is no server {shown_value(server_id)}. 'python -m builder servers list' shows them."
        raise stop("unknown_server", message)
    return found[0]


def remove_server(store: Store, server_id: str) -> None:
    """Forget a server."""
    with store.engine.begin() as connection:
        connection.execute(delete(servers).where(servers.c.id == server_id))
