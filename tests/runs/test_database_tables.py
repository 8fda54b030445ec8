"""The tables and every statement of the store are also good PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Row
from sqlalchemy.schema import CreateIndex, CreateTable

from builder.runs.records import MetricRow
from builder.runs.store import Store
from builder.runs.tables import metadata


def test_tables_and_indexes_compile_for_postgresql() -> None:
    dialect = postgresql.dialect()
    for table in metadata.sorted_tables:
        text = str(CreateTable(table, if_not_exists=True).compile(dialect=dialect))
        assert "AUTOINCREMENT" not in text
        if "sequence" in table.columns:
            assert "SERIAL" in text
        for index in table.indexes:
            assert "IF NOT EXISTS" in str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect))


class Recorder(Store):
    """A store that also compiles each statement for PostgreSQL."""

    compiled: list[str] = []

    def _read(self, statement: Executable) -> list[Row]:
        self._compile(statement)
        return super()._read(statement)

    def _write(self, statement: Executable) -> list[Row]:
        self._compile(statement)
        return super()._write(statement)

    def _compile(self, statement: Executable) -> None:
        self.compiled.append(str(statement.compile(dialect=postgresql.dialect())))  # type: ignore[attr-defined]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Recorder]:
    store = Recorder(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield store
    store.close()


def test_every_statement_compiles_for_postgresql(store: Recorder) -> None:
    project_id = store.create_project({"name": "P"})
    store.save_project(project_id, {"name": "P"}, revision=1)
    store.list_projects()
    run_id = store.create_run(project_id, {"name": "P"})
    assert store.queue() == [run_id] == [store.claim_next(1)]
    store.transition(run_id, ["starting"], "running", while_pid=None, pid=1)
    store.send_command(run_id, "stop")
    store.command(run_id)
    store.write_metrics(run_id, [MetricRow("step", 1, 0, "loss", 0.5)])
    store.metrics_after(run_id)
    store.discard_metrics(run_id, 0, 0)
    store.add_event(run_id, "note", "A note.")
    store.events(run_id)
    store.update_run(run_id, progress={})
    store.transition(run_id, ["running"], "finished")
    store.list_runs(project_id, ["finished"])
    store.run_document(run_id)
    store.delete_run(run_id)
    store.delete_project(project_id)
    assert len(store.compiled) > 15
    assert any("FOR UPDATE" in text or "RETURNING" in text for text in store.compiled)
