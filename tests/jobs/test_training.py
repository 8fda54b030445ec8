"""The queue: runs start in order, obey, survive the app, and an end that nobody saw is told."""

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from waiting import until

from builder.errors import BuilderError
from builder.jobs import training
from builder.runs.files import read_json
from builder.runs.records import ACTIVE
from builder.runs.store import Store, default_store
from builder.runs.workspace import Workspace, default_workspace
from builder.workers import launching

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = str(Path(__file__).resolve().parent)
WORKER = "stand_in_worker"
DOCUMENT = {"name": "Digits", "training": {"epochs": 3}}
OLD = 1_000_000_000.0


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run the stand-in worker, and leave no process behind."""
    monkeypatch.setattr(training, "WORKER_MODULE", WORKER)
    monkeypatch.setenv("PYTHONPATH", HERE)
    yield
    for project in default_store().list_projects():
        training.delete_project(project.id)


@pytest.fixture
def store() -> Store:
    return default_store()


@pytest.fixture
def workspace() -> Workspace:
    return default_workspace()


def status(run_id: str) -> str:
    return default_store().run(run_id).status


def has(run_id: str, wanted: str) -> None:
    until(lambda: status(run_id) == wanted)


def finish(run_id: str) -> None:
    (default_workspace().run_folder(run_id) / "finish").touch()
    has(run_id, "finished")


def kill(run_id: str) -> None:
    run = default_store().run(run_id)
    assert run.pid is not None
    os.kill(run.pid, signal.SIGKILL)
    until(lambda: training.reconcile() or status(run_id) == "interrupted")


def is_refused(code: str, action: object, *arguments: object) -> str:
    assert callable(action)
    with pytest.raises(BuilderError) as caught:
        action(*arguments)
    assert caught.value.problems[0].code == code
    return str(caught.value)


def test_a_run_trains_in_a_process_of_its_own_with_its_frozen_document(
    store: Store, workspace: Workspace
) -> None:
    run_id = training.submit(DOCUMENT)
    has(run_id, "running")
    run = store.run(run_id)
    assert run.pid not in (None, os.getpid()) and run.host == platform.node()
    assert os.getsid(run.pid or 0) == run.pid
    assert store.run_document(run_id) == DOCUMENT == read_json(workspace.run_folder(run_id) / "project.json")
    until(lambda: store.metrics_after(run_id))
    finish(run_id)
    assert store.run(run_id).result["steps"] > 0
    assert [event.kind for event in store.events(run_id)] == ["queued", "started"]


def test_runs_wait_in_order_and_the_queue_goes_on_without_the_app(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERABLOCKS_MAX_RUNS", "1")
    project_id = store.create_project(DOCUMENT)
    first, second, third = (training.submit(DOCUMENT, project_id) for _ in range(3))
    has(first, "running")
    assert [training.queue_position(run_id) for run_id in (first, second, third)] == [None, 1, 2]
    finish(first)
    has(second, "running")
    assert training.queue_position(third) == 1


def test_two_runs_go_on_at_once_by_default(store: Store) -> None:
    ids = [training.submit(DOCUMENT) for _ in range(3)]
    has(ids[0], "running")
    has(ids[1], "running")
    assert status(ids[2]) == "queued"


def test_a_wrong_limit_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERABLOCKS_MAX_RUNS", "many")
    assert "'many'" in is_refused("bad_setting", training.maximum_runs)


def test_a_run_pauses_and_goes_on(store: Store) -> None:
    run_id = training.submit(DOCUMENT)
    has(run_id, "running")
    until(lambda: "step" in store.run(run_id).progress)
    training.pause(run_id)
    has(run_id, "paused")
    steps = store.run(run_id).progress["step"]
    training.resume(run_id)
    until(lambda: store.run(run_id).progress["step"] > steps)


def test_a_run_stops_and_can_go_on_later(store: Store) -> None:
    run_id = training.submit(DOCUMENT)
    has(run_id, "running")
    training.stop(run_id)
    has(run_id, "stopped")
    assert store.run(run_id).finished_at is not None
    training.resume(run_id)
    has(run_id, "running")
    run = store.run(run_id)
    assert run.finished_at is None and run.command is None


def test_a_waiting_run_leaves_the_queue_when_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERABLOCKS_MAX_RUNS", "1")
    first, second = training.submit(DOCUMENT), training.submit(DOCUMENT)
    training.stop(second)
    assert status(second) == "stopped" and training.queue_position(second) is None
    has(first, "running")


def test_a_run_that_has_ended_obeys_nothing_more() -> None:
    run_id = training.submit(DOCUMENT)
    has(run_id, "running")
    finish(run_id)
    is_refused("not_running", training.pause, run_id)
    is_refused("not_running", training.stop, run_id)
    assert "finished" in is_refused("not_resumable", training.resume, run_id)
    is_refused("unknown_run", training.stop, "0000")


def test_a_killed_run_is_told_and_can_be_resumed(store: Store) -> None:
    run_id = training.submit(DOCUMENT)
    has(run_id, "running")
    kill(run_id)
    error = store.run(run_id).error
    assert error is not None and error["code"] == "interrupted"
    assert "killed" in error["message"] and "Resume" in error["message"]
    assert store.events(run_id)[-1].kind == "interrupted"
    training.resume(run_id)
    has(run_id, "running")
    assert store.run(run_id).error is None


def test_a_paused_run_whose_process_died_can_be_resumed() -> None:
    run_id = training.submit(DOCUMENT)
    has(run_id, "running")
    training.pause(run_id)
    has(run_id, "paused")
    run = default_store().run(run_id)
    os.kill(run.pid or 0, signal.SIGKILL)
    until(lambda: psutil.Process(run.pid).status() == psutil.STATUS_ZOMBIE)
    training.resume(run_id)
    has(run_id, "running")


def test_a_crash_names_the_log_and_leaves_no_zombie(store: Store, workspace: Workspace) -> None:
    run_id = training.submit(DOCUMENT)
    has(run_id, "running")
    pid = store.run(run_id).pid
    folder = workspace.run_folder(run_id)
    (folder / "crash").touch()
    until(lambda: training.reconcile() or status(run_id) == "interrupted")
    error = store.run(run_id).error
    assert error is not None and "exit code 3" in error["message"]
    assert str(folder / "worker.log") in error["message"]
    assert not psutil.pid_exists(pid or 0)


def test_a_kill_near_the_memory_limit_is_told_as_that(store: Store, workspace: Workspace) -> None:
    run_id = store.create_run(store.create_project(DOCUMENT), DOCUMENT)
    used = psutil.virtual_memory().total
    store.transition(
        run_id,
        ["queued"],
        "running",
        host=platform.node(),
        pid=os.getpid(),
        process_started=OLD,
        progress={"memory_bytes": used},
    )
    assert training.reconcile() == [run_id]
    error = store.run(run_id).error
    assert error is not None and "memory of this machine ran out" in error["message"]
    assert "batch size" in error["message"]


def test_a_reused_process_id_is_not_taken_for_the_run(store: Store) -> None:
    run_id = store.create_run(store.create_project(DOCUMENT), DOCUMENT)
    here = {"host": platform.node(), "pid": os.getpid()}
    store.transition(run_id, ["queued"], "running", **here, process_started=OLD, heartbeat=time.time())
    assert training.reconcile() == [run_id]


def test_a_run_of_another_machine_counts_as_gone_only_when_it_is_silent(store: Store) -> None:
    run_id = store.create_run(store.create_project(DOCUMENT), DOCUMENT)
    there = {"host": "elsewhere", "pid": 2**22 + 1, "process_started": OLD}
    store.transition(run_id, ["queued"], "running", **there, heartbeat=time.time())
    assert training.reconcile() == []
    store.update_run(run_id, heartbeat=OLD)
    assert training.reconcile() == [run_id]


def test_a_living_run_that_does_not_report_gets_one_note(store: Store) -> None:
    run_id = store.create_run(store.create_project(DOCUMENT), DOCUMENT)
    me = psutil.Process()
    here = {"host": platform.node(), "pid": me.pid, "process_started": me.create_time()}
    store.transition(run_id, ["queued"], "running", **here, heartbeat=OLD)
    training.reconcile()
    training.reconcile()
    assert [event.kind for event in store.events(run_id)] == ["silent"]
    assert status(run_id) == "running"
    # The end of this test deletes the run and would end this very process with it.
    store.transition(run_id, ["running"], "stopped")


def test_a_run_whose_launcher_died_is_launched_again(store: Store, workspace: Workspace) -> None:
    run_id = store.create_run(store.create_project(DOCUMENT), DOCUMENT)
    assert store.claim_next(2) == run_id
    training.reconcile()
    assert status(run_id) == "starting"
    store.update_run(run_id, heartbeat=OLD)
    training.reconcile()
    has(run_id, "running")


def test_a_program_that_does_not_exist_fails_the_run_and_not_the_queue(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "HAS_COPIES", False)
    monkeypatch.setattr(sys, "executable", "/no/such/program")
    run_id = training.submit(DOCUMENT)
    run = store.run(run_id)
    assert run.status == "failed" and run.error is not None and "could not be started" in run.error["message"]


SUBMIT = """
import sys
from builder.jobs import training
training.WORKER_MODULE = sys.argv[1]
print(training.submit({"name": "Digits"}))
"""


def test_a_run_survives_the_process_that_started_it(store: Store) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), HERE])}
    done = subprocess.run(
        [sys.executable, "-c", SUBMIT, WORKER], capture_output=True, env=environment, check=True
    )
    run_id = done.stdout.decode().strip()
    has(run_id, "running")
    training.reconcile()
    assert status(run_id) == "running"
    finish(run_id)


DRAIN = """
import sys
from builder.runs.store import default_store
store = default_store()
while (run_id := store.claim_next(1000)) is not None:
    print(run_id)
"""


def test_several_apps_never_start_one_run_twice(store: Store) -> None:
    project_id = store.create_project(DOCUMENT)
    queued = [store.create_run(project_id, DOCUMENT) for _ in range(60)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    apps = [
        subprocess.Popen([sys.executable, "-c", DRAIN], stdout=subprocess.PIPE, env=environment)
        for _ in range(4)
    ]
    claimed = [word.decode() for app in apps for word in app.communicate()[0].split()]
    assert sorted(claimed) == sorted(queued)


def test_deleting_a_project_ends_its_runs_and_removes_their_files(store: Store, workspace: Workspace) -> None:
    project_id = store.create_project(DOCUMENT)
    run_id = training.submit(DOCUMENT, project_id)
    has(run_id, "running")
    pid, folder = store.run(run_id).pid, workspace.run_folder(run_id)
    training.delete_project(project_id)
    assert not psutil.pid_exists(pid or 0)
    assert not folder.exists()
    assert store.list_runs(statuses=ACTIVE) == [] and store.list_projects() == []


def test_deleting_a_run_removes_it_alone(store: Store, workspace: Workspace) -> None:
    project_id = store.create_project(DOCUMENT)
    kept, deleted = training.submit(DOCUMENT, project_id), training.submit(DOCUMENT, project_id)
    has(deleted, "running")
    training.delete_run(deleted)
    assert [run.id for run in store.list_runs(project_id)] == [kept]
    is_refused("unknown_run", store.run, deleted)


def test_where_memory_is_short_one_run_goes_on_and_the_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERABLOCKS_FREE_MB", "100000000")
    first, second = training.submit(DOCUMENT), training.submit(DOCUMENT)
    has(first, "running")
    assert status(second) == "queued"
    monkeypatch.setenv("KERABLOCKS_FREE_MB", "0")
    assert training.start_next() == [second]


def test_a_deleted_run_is_ended_and_its_files_stay_until_the_day_is_over(
    store: Store, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = training.submit(DOCUMENT)
    has(run_id, "running")
    training.trash_run(run_id)
    assert status(run_id) == "stopped" and store.list_runs() == []
    assert training.empty_trash() == [] and (workspace.run_folder(run_id) / "project.json").exists()
    monkeypatch.setattr(training, "TRASH_SECONDS", -1.0)
    assert training.empty_trash() == [run_id]
    assert is_refused("unknown_run", store.run, run_id)
