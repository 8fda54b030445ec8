"""The engine answers by task name; what goes wrong in a worker costs that call alone."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import psutil
import pytest
from waiting import until

from builder.errors import BuilderError
from builder.jobs import engine as engine_module
from builder.jobs.engine import Engine
from builder.runs.workspace import default_workspace

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine for all tests, as an app has one; each test leaves it able to answer."""
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(HERE))
    patch.setenv("KERABLOCKS_HOME", str(tmp_path_factory.mktemp("engine")))
    engine = Engine("stand_in_tasks")
    engine.start()
    # A loaded machine takes its time to import TensorFlow.
    until(lambda: engine.ready, 120)
    yield engine
    engine.close()
    patch.undo()


def problem_of(future: Future[object]) -> tuple[str, str]:
    with pytest.raises(BuilderError) as caught:
        future.result(timeout=30)
    (problem,) = caught.value.problems
    return problem.code, problem.message


def test_values_and_arrays_come_back(engine: Engine) -> None:
    assert engine.call("infer", graph={"nodes": []}, spec=None) == {"graph": {"nodes": []}, "spec": None}
    doubled = engine.call("double", array=np.arange(3))
    assert doubled.tolist() == [0, 2, 4]


def test_shapes_do_not_wait_for_long_work(engine: Engine, tmp_path: Path) -> None:
    marker = tmp_path / "hangs"
    long_work = engine.submit("hang", marker=str(marker))
    until(marker.exists)
    assert engine.call("infer", timeout=20, graph={}) == {"graph": {}}
    os.kill(engine.pids()["work"] or 0, signal.SIGKILL)
    assert problem_of(long_work)[0] == "engine_crashed"


def test_slow_tasks_have_a_worker_of_their_own_that_ends_when_it_is_idle(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "slow" not in engine.pids(), "no memory is taken before the first slow task"
    marker = tmp_path / "hangs"
    work = engine.submit("hang", marker=str(marker))
    until(marker.exists)
    slow = engine.call("export", timeout=20)
    assert slow == engine.pids()["slow"] != engine.pids()["work"]
    monkeypatch.setattr(engine_module, "IDLE_LIMIT", 0.0)
    until(lambda: engine.pids()["slow"] is None)
    assert engine.ready
    assert engine.call("export", timeout=20) != slow
    os.kill(engine.pids()["work"] or 0, signal.SIGKILL)
    assert problem_of(work)[0] == "engine_crashed"


def test_workers_are_other_processes_that_do_not_run_the_caller_again(engine: Engine) -> None:
    assert engine.call("process") == engine.pids()["work"] != os.getpid()
    assert engine.call("main_file").endswith("engine_worker.py")


def test_workers_are_quiet_and_leave_gpu_memory_to_training(engine: Engine) -> None:
    assert engine.call("environment", name="TF_CPP_MIN_LOG_LEVEL") == "3"
    assert engine.call("environment", name="TF_FORCE_GPU_ALLOW_GROWTH") == "true"


def test_output_of_libraries_does_not_disturb_the_answers(engine: Engine) -> None:
    assert engine.call("speak") == "heard"


def test_problems_arrive_as_they_were_raised(engine: Engine) -> None:
    with pytest.raises(BuilderError) as caught:
        engine.call("refuse")
    (problem,) = caught.value.problems
    assert (problem.code, problem.block) == ("bad_shape", "dense")
    assert problem.repair is not None and problem.repair.edits[0]["op"] == "remove_node"


@pytest.mark.parametrize("task", ["fail", "unsendable", "no_such_task"])
def test_the_unexpected_is_plain_words_and_its_trace_is_in_a_file(
    engine: Engine, task: str, tmp_path: Path
) -> None:
    code, message = problem_of(engine.submit(task))
    assert code == "internal_error"
    assert "Traceback" not in message and "secret" not in message
    log = Path(message.split("of the file ")[1].rstrip("."))
    reference = message.split("entry ")[1].split()[0]
    text = log.read_text()
    assert reference in text and "Traceback" in text


def test_the_unexpected_is_told_where_its_trace_cannot_be_written(engine: Engine) -> None:
    log = Path(problem_of(engine.submit("fail"))[1].split("of the file ")[1].rstrip("."))
    log.unlink()
    # A folder in the log's place refuses to be written, as a full disk does.
    log.mkdir()
    pid = engine.call("process")
    code, message = problem_of(engine.submit("fail"))
    assert engine.call("process") == pid
    log.rmdir()
    assert code == "internal_error" and "could not be written" in message and "secret" not in message


def test_exhausted_memory_is_said(engine: Engine) -> None:
    code, message = problem_of(engine.submit("exhaust"))
    assert code == "out_of_memory" and "memory" in message


@pytest.mark.parametrize("code", [0, 7])
def test_an_abrupt_end_loses_that_call_alone(engine: Engine, code: int) -> None:
    lost, kept = engine.submit("die", code=code), engine.submit("double", array=np.ones(1))
    lost_code, message = problem_of(lost)
    assert lost_code == "engine_crashed" and "memory" in message
    assert kept.result(timeout=30).tolist() == [2]


def test_a_worker_killed_while_idle_costs_no_call(engine: Engine) -> None:
    pid = engine.call("process")
    os.kill(pid, signal.SIGKILL)
    until(lambda: engine.pids()["work"] not in (pid, None) and engine.ready)
    assert engine.call("process", timeout=30) != pid
    assert not psutil.pid_exists(pid)


def test_a_call_that_takes_too_long_is_ended(engine: Engine, tmp_path: Path) -> None:
    marker = tmp_path / "hangs"
    with pytest.raises(BuilderError) as caught:
        engine.call("hang", timeout=1, marker=str(marker))
    assert caught.value.problems[0].code == "engine_timeout"
    assert engine.call("speak", timeout=30) == "heard"


def test_a_task_has_a_time_limit_of_its_own(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(engine_module.TIME_LIMITS, "hang", 0.2)
    code, message = problem_of(engine.submit("hang", marker=str(tmp_path / "hangs")))
    assert code == "engine_timeout" and "too long" in message


def test_a_call_that_had_to_wait_too_long_says_so_and_ends_nothing(engine: Engine, tmp_path: Path) -> None:
    marker = tmp_path / "hangs"
    earlier = engine.submit("hang", marker=str(marker))
    until(marker.exists)
    with pytest.raises(BuilderError) as caught:
        engine.call("speak", timeout=0.1)
    assert caught.value.problems[0].code == "engine_busy"
    assert not earlier.done()
    os.kill(int(marker.read_text()), signal.SIGKILL)
    problem_of(earlier)


def test_calls_from_many_threads_all_get_their_own_answer(engine: Engine) -> None:
    answers: dict[int, int] = {}

    def ask(number: int) -> None:
        answers[number] = engine.call("infer", number=number)["number"]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: number for number in range(20)}


def test_arguments_that_cannot_be_sent_are_the_callers_error(engine: Engine) -> None:
    with pytest.raises(Exception, match="pickle"):
        engine.submit("infer", value=lambda: None)
    assert engine.call("infer") == {}


def test_closing_ends_the_workers_and_what_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    engine = Engine("stand_in_tasks")
    marker = tmp_path / "hangs"
    running = engine.submit("hang", marker=str(marker))
    waiting = engine.submit("speak")
    until(marker.exists)
    pids = [pid for pid in engine.pids().values() if pid]
    engine.close()
    assert problem_of(running)[0] == "engine_closed"
    assert waiting.cancelled()
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_worker_that_cannot_start_is_said_and_pointed_to_its_log() -> None:
    engine = Engine("no_such_module")
    code, message = problem_of(engine.submit("infer"))
    engine.close()
    assert code == "engine_not_started"
    assert str(default_workspace().logs_folder / "engine-shapes.log") in message


PARENT = """
import sys, types
from builder.jobs.engine import Engine
if __name__ == "__main__":
    # Streamlit puts a module of the page's file in the place of the main module while it runs.
    page = types.ModuleType("__main__")
    page.__file__ = sys.argv[1]
    sys.modules["__main__"] = page
    engine = Engine("stand_in_tasks")
    engine.call("infer"), engine.call("process")
    engine.submit("hang", marker=sys.argv[2])
    print(*engine.pids().values(), flush=True)
    sys.stdin.read()
"""


def test_workers_end_with_their_parent_and_never_run_the_page(tmp_path: Path) -> None:
    page, marker = tmp_path / "page.py", tmp_path / "hangs"
    page.write_text(f"open({str(tmp_path / 'page-ran')!r}, 'w')")
    path = os.pathsep.join([str(ROOT), str(HERE)])
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(page), str(marker)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    ) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        until(marker.exists)
        parent.kill()
    until(lambda: not any(_lives(pid) for pid in pids))
    assert not (tmp_path / "page-ran").exists()


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
