"""The store keeps projects and runs, for several processes at once, and says plainly what goes wrong."""

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event

from builder.errors import BuilderError
from builder.runs.records import MetricRow
from builder.runs.store import Store

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = {"name": "Digits", "model": {"nodes": [{"id": "dense"}]}}


class Clock:
    """A clock that goes on by one second each time it is read."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url, Clock())
    yield store
    store.close()


@pytest.fixture
def run_id(store: Store) -> str:
    return store.create_run(store.create_project(DOCUMENT), DOCUMENT)


def code_of(error: pytest.ExceptionInfo[BuilderError]) -> str:
    return error.value.problems[0].code


def row(step: int, value: float = 0.5, scope: str = "step", name: str = "loss") -> MetricRow:
    return MetricRow(scope, step, 0, name, value)


# Projects


def test_a_project_comes_back_and_counts_its_revisions(store: Store) -> None:
    project_id = store.create_project(DOCUMENT)
    assert store.project(project_id).revision == 1
    assert store.save_project(project_id, {**DOCUMENT, "name": "Letters"}) == 2
    saved = store.project(project_id)
    assert (saved.name, saved.revision, saved.document["name"]) == ("Letters", 2, "Letters")
    assert saved.updated_at > saved.created_at


def test_a_save_from_an_old_revision_changes_nothing(store: Store) -> None:
    project_id = store.create_project(DOCUMENT)
    store.save_project(project_id, {"name": "Theirs"}, revision=1)
    with pytest.raises(BuilderError, match="changed elsewhere") as caught:
        store.save_project(project_id, {"name": "Mine"}, revision=1)
    assert code_of(caught) == "stale_revision"
    assert store.project(project_id).name == "Theirs"


def test_projects_are_listed_by_their_last_change(store: Store) -> None:
    first, second = store.create_project({"name": "First"}), store.create_project({"name": "Second"})
    assert [project.id for project in store.list_projects()] == [second, first]
    store.save_project(first, {"name": "First"})
    assert [project.id for project in store.list_projects(limit=1)] == [first]


def test_a_number_that_json_lacks_becomes_null(store: Store) -> None:
    project_id = store.create_project({"name": "NaN", "value": [math.nan, math.inf, 1.0]})
    assert store.project(project_id).document["value"] == [None, None, 1.0]


def test_deleting_a_project_deletes_everything_of_its_runs(store: Store, run_id: str) -> None:
    project_id = store.run(run_id).project_id
    store.write_metrics(run_id, [row(1)])
    store.add_event(run_id, "queued", "Waiting.")
    assert store.delete_project(project_id) == [run_id]
    assert store.list_runs() == [] == store.metrics_after(run_id) == store.events(run_id)
    with pytest.raises(BuilderError, match="no project"):
        store.delete_project(project_id)


def test_a_project_with_a_run_that_goes_on_is_not_deleted(store: Store, run_id: str) -> None:
    store.transition(run_id, ["queued"], "running")
    with pytest.raises(BuilderError, match="Stop the run first") as caught:
        store.delete_project(store.run(run_id).project_id)
    assert code_of(caught) == "project_in_use"
    with pytest.raises(BuilderError, match="Stop it first"):
        store.delete_run(run_id)


def test_what_is_not_there_is_said(store: Store) -> None:
    for ask in (store.run, store.run_document, store.command, store.project):
        with pytest.raises(BuilderError, match="deleted"):
            ask("0000")
    with pytest.raises(BuilderError, match="deleted in the meantime"):
        store.create_run("0000", DOCUMENT)
    with pytest.raises(BuilderError, match="deleted in the meantime"):
        store.write_metrics("0000", [row(1)])


# Runs


def test_a_run_keeps_its_document_and_its_times(store: Store, run_id: str) -> None:
    run = store.run(run_id)
    assert (run.status, run.name, run.progress, run.result, run.error) == ("queued", "Digits", {}, {}, None)
    assert store.run_document(run_id) == DOCUMENT
    assert store.transition(run_id, ["queued"], "running", pid=7)
    started = store.run(run_id).started_at
    assert store.transition(run_id, ["running"], "paused")
    assert store.transition(run_id, ["paused"], "running")
    assert store.run(run_id).started_at == started
    assert store.transition(run_id, ["running"], "failed", error={"code": "nan"})
    run = store.run(run_id)
    assert run.error == {"code": "nan"} and run.finished_at is not None
    assert store.transition(run_id, ["failed"], "queued", error=None)
    assert store.run(run_id).error is None and store.run(run_id).finished_at is None


def test_a_transition_from_another_status_or_process_changes_nothing(store: Store, run_id: str) -> None:
    assert not store.transition(run_id, ["running", "paused"], "finished")
    store.transition(run_id, ["queued"], "running", pid=7)
    assert not store.transition(run_id, ["running"], "interrupted", while_pid=8)
    assert not store.transition(run_id, ["running"], "interrupted", while_pid=None)
    assert store.transition(run_id, ["running"], "interrupted", while_pid=7)


def test_runs_are_listed_newest_first_by_project_and_status(store: Store, run_id: str) -> None:
    other = store.create_run(store.create_project(DOCUMENT), DOCUMENT)
    store.transition(other, ["queued"], "running")
    assert [run.id for run in store.list_runs()] == [other, run_id]
    assert [run.id for run in store.list_runs(project_id=store.run(run_id).project_id)] == [run_id]
    assert [run.id for run in store.list_runs(statuses=["running"])] == [other]
    assert store.list_runs(statuses=[]) == []
    assert len(store.list_runs(limit=1)) == 1


def test_a_command_holds_until_the_next_one(store: Store, run_id: str) -> None:
    assert not store.send_command(run_id, "stop")
    store.transition(run_id, ["queued"], "running")
    assert store.send_command(run_id, "pause") and store.command(run_id) == "pause"
    assert store.send_command(run_id, "resume") and store.command(run_id) == "resume"


def test_a_status_is_not_changed_by_accident(store: Store, run_id: str) -> None:
    with pytest.raises(ValueError, match="status"):
        store.update_run(run_id, status="finished")
    with pytest.raises(ValueError, match="explode"):
        store.send_command(run_id, "explode")
    with pytest.raises(ValueError, match="done"):
        store.transition(run_id, ["queued"], "done")


def test_claims_follow_the_queue_up_to_the_limit(store: Store, run_id: str) -> None:
    project_id = store.run(run_id).project_id
    second, third = (store.create_run(project_id, DOCUMENT) for _ in range(2))
    store.update_run(run_id, queued_at=9e9)
    assert store.queue() == [second, third, run_id]
    assert store.claim_next(2) == second
    assert store.claim_next(1) is None
    assert store.claim_next(2) == third
    assert store.claim_next(2) is None
    store.transition(second, ["starting"], "finished")
    assert store.claim_next(2) == run_id
    assert store.claim_next(9) is None


# Metrics and events


def test_a_reader_goes_on_after_what_it_has_seen(store: Store, run_id: str) -> None:
    store.write_metrics(run_id, [row(1), row(2, math.nan), row(3, math.inf, "epoch", "val_loss")])
    first, second, third = store.metrics_after(run_id)
    assert (first.scope, first.step, first.value, first.name) == ("step", 1, 0.5, "loss")
    assert math.isnan(second.value) and third.value == math.inf and third.scope == "epoch"
    assert [seen.step for seen in store.metrics_after(run_id, first.sequence)] == [2, 3]
    assert [seen.step for seen in store.metrics_after(run_id, 0, limit=2)] == [1, 2]
    store.write_metrics(run_id, [])
    assert store.metrics_after(run_id, third.sequence) == []


def test_metrics_are_written_all_or_none(store: Store, run_id: str) -> None:
    with pytest.raises(TypeError):
        store.write_metrics(run_id, [row(1), row(2, None)])  # type: ignore[arg-type]
    assert store.metrics_after(run_id) == []


def test_a_reader_misses_nothing_when_later_steps_are_discarded_and_written_again(
    store: Store, run_id: str
) -> None:
    store.write_metrics(run_id, [row(step) for step in (1, 2, 3)])
    seen = store.metrics_after(run_id)[-1].sequence
    store.discard_metrics(run_id, after_step=1, epochs=0)
    store.write_metrics(run_id, [row(2, 0.25)])
    assert [(new.step, new.value) for new in store.metrics_after(run_id, seen)] == [(2, 0.25)]
    assert [kept.step for kept in store.metrics_after(run_id)] == [1, 2]


def test_an_epoch_that_ends_again_is_not_told_twice(store: Store, run_id: str) -> None:
    ended = MetricRow("epoch", 3, 1, "loss", 0.5)
    store.write_metrics(run_id, [row(3), ended])
    store.discard_metrics(run_id, after_step=3, epochs=0)
    assert [kept.scope for kept in store.metrics_after(run_id)] == ["step"]


def test_the_latest_events_come_oldest_first(store: Store, run_id: str) -> None:
    for number in range(5):
        store.add_event(run_id, "note", f"Note {number}")
    assert [note.message for note in store.events(run_id, limit=2)] == ["Note 3", "Note 4"]


# Several processes, and trouble

WRITER = """
import sys
from builder.runs.records import MetricRow
from builder.runs.store import Store
store = Store(sys.argv[1])
project_id = store.create_project({"name": "P"})
run_id = store.create_run(project_id, {"name": "P"})
for step in range(100):
    store.write_metrics(run_id, [MetricRow("step", step, 0, name, 0.5) for name in ("loss", "accuracy")])
    store.update_run(run_id, progress={"step": step})
"""


def test_several_processes_open_a_new_database_and_write_at_once(url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, url], env=environment, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [(b"", 0)] * 4
    store = Store(url)
    runs = store.list_runs()
    assert [run.progress for run in runs] == [{"step": 99}] * 4
    assert all(len(store.metrics_after(run.id)) == 200 for run in runs)
    store.close()


def test_of_many_threads_one_gets_the_run(store: Store, run_id: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda _: store.transition(run_id, ["queued"], "starting"), range(40)))
    assert won.count(True) == 1


def test_a_full_disk_is_told_and_the_store_lives_on(url: str, tmp_path: Path) -> None:
    store = Store(url)
    project_id = store.create_project(DOCUMENT)

    # SQLite itself then reports what it reports on a full disk.
    @event.listens_for(store.engine, "checkout")
    def fill(connection, *_: object) -> None:  # type: ignore[no-untyped-def]
        connection.execute("PRAGMA max_page_count = 1")

    with pytest.raises(BuilderError) as caught:
        store.save_project(project_id, {"name": "Large", "text": "x" * 1_000_000})
    assert code_of(caught) == "disk_full"
    assert (
        "free" in str(caught.value) and "Delete" in str(caught.value) and str(tmp_path) in str(caught.value)
    )
    assert store.project(project_id).document == DOCUMENT
    store.close()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="only Linux has a folder that never has any space")
def test_a_disk_without_any_space_is_not_taken_for_a_broken_one() -> None:
    with pytest.raises(BuilderError) as caught:
        Store("sqlite:////proc/store.sqlite")
    assert code_of(caught) == "disk_full" and "(0 B free)" in str(caught.value)


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    file.write_bytes(b"this is no database " * 100)
    with pytest.raises(BuilderError, match="not a database: move the file away") as caught:
        Store(f"sqlite:///{file}")
    assert str(file) in str(caught.value) and code_of(caught) == "broken_database"


def test_a_database_in_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(BuilderError, match="cannot be opened"):
        Store(f"sqlite:///{tmp_path / 'missing' / 'store.sqlite'}")


@pytest.mark.parametrize("url", ["nonsense", "nosuch://host/name", "postgresql+nosuch://host/name"])
def test_a_wrong_address_is_told(url: str) -> None:
    with pytest.raises(BuilderError, match="KERABLOCKS_DATABASE_URL") as caught:
        Store(url)
    assert code_of(caught) == "bad_database_url"
