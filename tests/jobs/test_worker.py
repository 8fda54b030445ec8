"""The training process: from a run's id to a model, a report and an honest status."""

import subprocess
import sys
import time

import psutil
import pytest

from builder.jobs.processes import child_environment
from builder.project import load_preset
from builder.runs.store import default_store
from builder.runs.workspace import default_workspace

WAIT_SECONDS = 120


def queued(**training):
    document = load_preset("images/cnn").to_json()
    document["data"]["source"] = {"kind": "sample", "name": "digits"}
    document["training"] = {"epochs": 1, "batch_size": 64, **training}
    store = default_store()
    run_id = store.create_run(store.create_project(document), document)
    return store, run_id, default_workspace().run_folder(run_id)


def started(run_id, **environment):
    command = [sys.executable, "-m", "builder.jobs.worker", run_id]
    return subprocess.Popen(
        command, env=child_environment(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def wait_until(condition, process):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()[0].decode()
        time.sleep(0.05)


@pytest.fixture
def end():
    """Give a place for processes that must not outlive the test."""
    processes = []
    yield processes.append
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.slow
def test_a_run_goes_from_its_id_to_a_model_and_a_report(end):
    store, run_id, folder = queued()
    process = started(run_id)
    end(process)
    output = process.communicate(timeout=WAIT_SECONDS)[0].decode()
    run = store.run(run_id)
    assert (run.status, process.returncode) == ("finished", 0), output
    assert run.result["test"]["accuracy"] > 0.5
    assert run.error is None and run.progress["phase"] == "evaluating"
    names = {row.name for row in store.metrics_after(run_id)}
    assert {"loss", "val_loss", "val_accuracy", "learning_rate"} <= names
    files = {file.name for file in folder.iterdir()}
    assert files >= {
        "project.json",
        "spec.json",
        "checkpoint.npz",
        "best.npz",
        "model.keras",
        "evaluation.json",
    }


@pytest.mark.slow
def test_pause_resume_terminate(end):
    store, run_id, folder = queued(epochs=10_000, early_stopping=False)
    process = started(run_id)
    end(process)
    wait_until(lambda: store.run(run_id).progress.get("samples_per_second"), process)
    store.send_command(run_id, "pause")
    wait_until(lambda: store.run(run_id).status == "paused", process)
    store.send_command(run_id, "resume")
    wait_until(lambda: store.run(run_id).status == "running", process)
    psutil.Process(process.pid).terminate()
    process.communicate(timeout=WAIT_SECONDS)
    run = store.run(run_id)
    assert (run.status, run.error["code"]) == ("interrupted", "interrupted")
    assert (folder / "checkpoint.npz").exists()


@pytest.mark.slow
def test_too_little_memory_is_told_in_words(end):
    store, run_id, _ = queued(batch_size=4000)
    process = started(run_id, KERABLOCKS_MEMORY_LIMIT_MB="1100")
    end(process)
    output = process.communicate(timeout=WAIT_SECONDS)[0].decode()
    run = store.run(run_id)
    assert run.status == "failed", output
    assert run.error["code"] == "out_of_memory"
    assert "from 4000 to 1000" in run.error["message"]
    assert "Traceback" not in run.error["message"]


@pytest.mark.slow
def test_a_trained_model_counts_even_where_its_report_cannot_be_written(end):
    store, run_id, folder = queued()
    (folder / "evaluation.json").mkdir()
    process = started(run_id)
    end(process)
    output = process.communicate(timeout=WAIT_SECONDS)[0].decode()
    assert store.run(run_id).status == "finished", output
    assert (folder / "model.keras").exists()
    told = [event.message for event in store.events(run_id) if event.kind == "evaluation_failed"]
    assert told and "Traceback" not in told[0]
