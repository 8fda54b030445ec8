"""Workers start as copies of one process, each in the surroundings of its moment, and end as others do."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from waiting import until

from builder.workers import launching
from builder.workers.environment import ROOT
from builder.workers.launching import Process

HERE = str(Path(__file__).parent)
OWNER = """
import os
import subprocess
import sys
import threading
from builder.workers import launching
from builder.workers.environment import ROOT
launching.use_copies()
started = launching.start("telling_worker", ["wait"], os.environ, stdout=subprocess.PIPE, new_session=True)
print(started.stdout.readline().decode(), flush=True)
threading.Event().wait()
"""

only_copies = pytest.mark.skipif(not launching.HAS_COPIES, reason="this system has no copies")


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", HERE)
    launching.use_copies()


@pytest.fixture(params=[True, False], ids=["copies", "new processes"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """Start workers both ways: not every system has copies."""
    has_copies = request.param and launching.HAS_COPIES
    monkeypatch.setattr(launching, "HAS_COPIES", has_copies)
    yield has_copies


def begun(*arguments: str, **options: Any) -> Process:
    return launching.start("telling_worker", arguments, os.environ, stdout=subprocess.PIPE, **options)


def line(process: Process) -> dict[str, Any]:
    assert process.stdout is not None
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def test_asking_for_copies_waits_for_none_that_is_being_started() -> None:
    asked = threading.Thread(target=launching.use_copies, daemon=True)
    with launching._lock:
        asked.start()
        asked.join(10)
        assert not asked.is_alive()


def told(*arguments: str, **options: Any) -> dict[str, Any]:
    process = begun(*arguments, **options)
    assert process.stdout is not None
    with process.stdout:
        answer = line(process)
    assert process.wait(30) == 0
    return answer


def test_a_worker_has_the_folder_and_the_environment_of_its_moment(
    way: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told()
    monkeypatch.setenv("KERABLOCKS_WORD", "now")
    found = told(folder=tmp_path)
    assert (found["folder"], found["word"]) == (str(tmp_path), "now")
    assert (found["parent"] != os.getpid(), found["tensorflow"]) == (way, way)
    monkeypatch.chdir(tmp_path)
    assert told()["folder"] == str(tmp_path)


def test_a_worker_reads_and_writes_the_streams_that_it_was_given(way: bool, tmp_path: Path) -> None:
    with open(tmp_path / "errors.log", "wb") as log:
        process = begun("echo", stdin=subprocess.PIPE, stderr=log)
        failing = begun("fail", stderr=log)
    assert process.stdin is not None and process.stdout is not None and failing.stdout is not None
    with process.stdin as words:
        words.write(b"seven words")
    line(process)
    assert process.stdout.read() == b"seven words\n"
    assert (process.wait(30), failing.wait(30)) == (0, 1)
    assert "RuntimeError: as it was asked to" in (tmp_path / "errors.log").read_text()
    for stream in (process.stdout, failing.stdout):
        stream.close()


def test_its_exit_code_is_told_whatever_ended_it(way: bool) -> None:
    waiting, ended = begun("wait"), begun("exit", "7")
    assert waiting.stdout is not None and ended.stdout is not None
    line(waiting)
    assert ended.wait(30) == ended.poll() == ended.returncode == 7
    assert waiting.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(0.01)
    waiting.kill()
    assert waiting.wait(30) == waiting.returncode == -signal.SIGKILL
    waiting.kill()
    assert not psutil.pid_exists(waiting.pid)
    for stream in (waiting.stdout, ended.stdout):
        stream.close()


def test_a_worker_can_lead_a_session_of_its_own(way: bool) -> None:
    leading, following = told(new_session=True), told()
    assert leading["session"] == leading["process"]
    assert following["session"] != following["process"]


@only_copies
def test_workers_share_a_server_which_is_replaced_where_it_has_ended() -> None:
    living = begun("wait")
    first = line(living)["parent"]
    assert told()["parent"] == first
    psutil.Process(first).kill()
    assert told()["parent"] != first
    # What the first server knew is lost with it, but not that its workers end.
    assert living.poll() is None
    living.kill()
    assert living.wait(30) == -signal.SIGKILL
    assert living.stdout is not None
    living.stdout.close()


@only_copies
def test_the_workers_of_a_worker_are_copies_of_the_same_server() -> None:
    outer = begun("ask")
    first, second = line(outer), line(outer)
    assert first["parent"] == second["parent"] and first["process"] != second["process"]
    assert outer.wait(30) == 0
    assert outer.stdout is not None
    outer.stdout.close()


@only_copies
def test_a_server_ends_with_its_owner_and_a_worker_of_its_own_session_goes_on() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), HERE])}
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True, env=environment
    ) as owner:
        assert owner.stdout is not None
        facts = json.loads(owner.stdout.readline())
        owner.kill()
    server, worker = psutil.Process(facts["parent"]), psutil.Process(facts["process"])
    until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE, 30)
    assert worker.is_running()
    worker.kill()
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, 30)
