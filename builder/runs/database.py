"""A database engine for a URL: SQLite tuned for several writers, refusals told in plain words."""

from __future__ import annotations

import json
import math
import shutil
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlalchemy.schema import CreateIndex, CreateTable

from builder.errors import BuilderError, stop
from builder.runs.files import disk_full
from builder.runs.tables import metadata

LOCK_SECONDS = 30
FULL = ("disk is full", "disk full", "no space left")
# What SQLite says, too, where its helping files find no space on the disk.
PERHAPS_FULL = ("i/o error", "unable to open")
# With less left, SQLite cannot even read.
LEAST_FREE = 100_000
REFUSALS = (
    ("readonly database", "unwritable", "may not be written: check the rights of its file and folder."),
    ("unable to open", "unwritable", "cannot be opened: check that its folder exists and is yours."),
    ("malformed", "broken_database", "is damaged: restore it from a backup, or move it away to start anew."),
    ("not a database", "broken_database", "is not a database: move the file away to start anew."),
    ("is locked", "database_busy", "is busy: another program holds it. Close that one and try again."),
    ("i/o error", "broken_database", "cannot be read or written: the disk reports an error."),
)


def open_database(url: str) -> Engine:
    """Return an engine whose tables exist.

    Raises:
        BuilderError: where the URL is wrong, or the database cannot be opened or written.
    """
    engine = _engine(url)
    event.listen(engine, "handle_error", _plain_words)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _tune_sqlite)
        _use_write_ahead_log(engine)
    _create_tables(engine)
    return engine


def _engine(url: str) -> Engine:
    try:
        return create_engine(url, json_serializer=to_json, pool_pre_ping=not url.startswith("sqlite"))
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
        message = (
            f"The database address cannot be used: {error}. Set KERABLOCKS_DATABASE_URL to an address such "
            "as postgresql+psycopg://user:password@host/name and install its driver, or unset it."
        )
        raise stop("bad_database_url", message) from error


def _tune_sqlite(connection: Any, _record: Any) -> None:
    # SQLite's own lower() leaves every letter beyond ASCII as it is, so that no search would find "Übung".
    connection.create_function("lower", 1, _lower, deterministic=True)
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {LOCK_SECONDS * 1000}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _use_write_ahead_log(engine: Engine) -> None:
    # The change of mode does not wait for busy_timeout, so processes that open a new file together
    # have to take turns here.
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            return
        except BuilderError as error:
            if error.problems[0].code != "database_busy" or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _create_tables(engine: Engine) -> None:
    # IF NOT EXISTS, because two processes may open a new database at the same moment.
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                connection.execute(CreateIndex(index, if_not_exists=True))


def _plain_words(context: ExceptionContext) -> None:
    words = str(context.original_exception).lower()
    place, folder = _place(context.engine)
    refusal = _refusal(words, place, folder)
    if refusal is None and isinstance(context.sqlalchemy_exception, OperationalError):
        refusal = _unavailable(str(context.original_exception))
    if refusal is not None:
        raise refusal from context.original_exception


def _refusal(words: str, place: str, folder: Path) -> BuilderError | None:
    if any(part in words for part in FULL) or (
        any(part in words for part in PERHAPS_FULL) and _is_full(folder)
    ):
        return disk_full("the latest changes", folder)
    if "foreign key" in words:
        return stop("deleted", "The project or run was deleted in the meantime, so nothing was saved for it.")
    for part, code, advice in REFUSALS:
        if part in words:
            return stop(code, f"The database {place} {advice}")
    return None


def _is_full(folder: Path) -> bool:
    return folder.is_dir() and shutil.disk_usage(folder).free < LEAST_FREE


def _unavailable(words: str) -> BuilderError:
    reason = next(iter(words.strip().splitlines()), "no reason given")
    message = (
        f"The database does not answer: {reason}. Check that it is running and reachable, and try again."
    )
    return stop("database_unavailable", message)


def _place(engine: Engine | None) -> tuple[str, Path]:
    url = make_url("sqlite://") if engine is None else engine.url
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database, Path(url.database).parent
    return url.render_as_string(hide_password=True), Path.home()


def to_json(value: Any, *, canonical: bool = False) -> str:
    """Return a value as JSON; a number that is not finite becomes null.

    PostgreSQL refuses NaN in JSON, and so do browsers. The ``canonical`` form is the same for equal values.
    """
    separators = (",", ":") if canonical else None
    return json.dumps(
        _finite(value), ensure_ascii=False, allow_nan=False, sort_keys=canonical, separators=separators
    )


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
