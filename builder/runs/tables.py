"""The tables of the database, in terms that SQLite and PostgreSQL share."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

# Times are seconds since 1970, UTC: SQLite has no type that keeps a time zone.
projects = Table(
    "projects",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("document", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False, index=True),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("document", JSON, nullable=False),
    Column("status", String(20), nullable=False),
    Column("command", String(20)),
    Column("host", String(255)),
    Column("pid", Integer),
    Column("process_started", Double),
    Column("heartbeat", Double),
    Column("created_at", Double, nullable=False),
    Column("queued_at", Double, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("progress", JSON, nullable=False),
    Column("result", JSON, nullable=False),
    Column("error", JSON(none_as_null=True)),
    Index("runs_by_project", "project_id", "created_at"),
    Index("runs_by_status", "status", "queued_at"),
    Index("runs_by_time", "created_at"),
)

# AUTOINCREMENT: without it SQLite gives the number of a deleted last row to the next one,
# and a reader whose cursor stands there would miss it.
metrics = Table(
    "metrics",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("scope", String(10), nullable=False),
    Column("step", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("name", String(100), nullable=False),
    # SQLite has no NaN and stores it as NULL.
    Column("value", Double),
    Index("metrics_by_run", "run_id", "sequence"),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("message", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Index("events_by_run", "run_id", "sequence"),
    sqlite_autoincrement=True,
)

# A document of a project's history, once for each content, as deflated canonical JSON.
snapshots = Table(
    "snapshots",
    metadata,
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("project_id", String(40), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("reason", String(20), nullable=False),
    Column("note", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("run_id", ForeignKey("runs.id", ondelete="SET NULL")),
    Column("created_at", Double, nullable=False),
    ForeignKeyConstraint(
        ["project_id", "digest"], ["snapshots.project_id", "snapshots.digest"], ondelete="CASCADE"
    ),
    Index("versions_by_project", "project_id", "sequence"),
    # Without it the deletion of a run reads the whole table.
    Index("versions_by_run", "run_id"),
    sqlite_autoincrement=True,
)

# What people add to a run, and what the queue has to know of it; a run without a row has none of it.
details = Table(
    "run_details",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("note", Text, nullable=False),
    # When it was put into the trash; NULL where it was not.
    Column("deleted_at", Double, index=True),
)

# Prediction servers that were started and not yet stopped; whether one still lives, its process tells.
servers = Table(
    "servers",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("served", String(40), nullable=False),
    Column("machine", String(255), nullable=False),
    Column("host", String(255), nullable=False),
    Column("port", Integer, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", Double),
    Column("started_at", Double, nullable=False),
)

# A person's own blocks, ready for every project.
library = Table(
    "library",
    metadata,
    Column("kind", String(80), primary_key=True),
    Column("label", Text, nullable=False),
    Column("definition", JSON, nullable=False),
    Column("updated_at", Double, nullable=False),
)
