"""Export workers start as copies of one process, each in the surroundings of its moment."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from waiting import until

from builder.export import launching

HERE = str(Path(__file__).parent)
PARENT = """
import sys
import threading
from builder.export.launching import worker
with worker("telling_worker", ["wait"]) as running:
    print(running.lines.readline(), flush=True)
    threading.Event().wait()
"""


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", HERE)


@pytest.fixture(params=[True, False], ids=["copies", "new processes"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """Start workers both ways: not every system has copies."""
    has_copies = request.param and launching.HAS_COPIES
    monkeypatch.setattr(launching, "HAS_COPIES", has_copies)
    yield has_copies


def told(*arguments: str) -> dict[str, Any]:
    with launching.worker("telling_worker", arguments) as running:
        answer: dict[str, Any] = json.loads(running.lines.readline())
    return answer


def test_a_worker_has_the_folder_and_the_environment_of_its_moment(
    way: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERABLOCKS_WORD", "now")
    found = told()
    assert (found["folder"], found["word"]) == (str(tmp_path), "now")
    assert (found["parent"] != os.getpid()) == way


def test_a_worker_that_is_ended_is_gone(way: bool) -> None:
    with launching.worker("telling_worker", ["wait"]) as running:
        process = json.loads(running.lines.readline())["process"]
        running.kill()
        assert running.lines.read() == ""
    until(lambda: not psutil.pid_exists(process), 30)


@pytest.mark.skipif(not launching.HAS_COPIES, reason="this system has no copies")
def test_workers_share_a_server_which_is_replaced_where_it_has_ended() -> None:
    first, second = told()["parent"], told()["parent"]
    assert first == second
    psutil.Process(first).kill()
    assert told()["parent"] != first


@pytest.mark.exhaustive
@pytest.mark.skipif(not launching.HAS_COPIES, reason="this system has no copies")
def test_a_server_does_not_outlive_the_process_that_it_belongs_to() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(launching.ROOT), HERE])}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        server = psutil.Process(json.loads(parent.stdout.readline())["parent"])
        (worker,) = server.children()
        worker.kill()
        parent.kill()
    until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE, 30)
