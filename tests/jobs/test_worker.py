"""The training process: from a run's id to a model, a report and an honest status."""

import signal
import time

import keras
import numpy as np
import psutil
import pytest

from builder.jobs import training, worker
from builder.project import load_preset
from builder.runs.files import read_json
from builder.runs.records import ENDED
from builder.runs.store import default_store
from builder.runs.workspace import default_workspace
from builder.train.diagnosis import explain
from builder.workers import launching
from builder.workers.environment import child_environment

WAIT_SECONDS = 120


def small_project(**values):
    document = load_preset("images/cnn").to_json()
    document["data"]["source"] = {"kind": "sample", "name": "digits"}
    document["training"] = {"epochs": 1, "batch_size": 64, **values}
    return document


def queued(**values):
    document = small_project(**values)
    store = default_store()
    run_id = store.create_run(store.create_project(document), document)
    return store, run_id, default_workspace().run_folder(run_id)


def started(run_id, **environment):
    launching.use_copies()
    with open(log_of(run_id), "ab") as log:
        variables = child_environment(environment)
        return launching.start("builder.jobs.worker", [run_id], variables, stdout=log, stderr=log)


def log_of(run_id):
    return default_workspace().run_folder(run_id) / "worker.log"


def ended(run_id):
    """Do a run's work in this process, which has imported TensorFlow already, and return the run."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        worker.run(run_id, default_store(), default_workspace())
    finally:
        signal.signal(signal.SIGTERM, before)
    return default_store().run(run_id)


def wait_until(condition, process):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def end():
    """Give a place for processes that must not outlive the test."""
    processes = []
    yield processes.append
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait(WAIT_SECONDS)


@pytest.mark.slow
def test_a_run_goes_from_its_id_to_a_model_and_a_report(end):
    store, run_id, folder = queued()
    process = started(run_id)
    end(process)
    process.wait(WAIT_SECONDS)
    run = store.run(run_id)
    assert (run.status, process.returncode) == ("finished", 0), log_of(run_id).read_text()
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
    process.wait(WAIT_SECONDS)
    run = store.run(run_id)
    assert (run.status, run.error["code"]) == ("interrupted", "interrupted")
    assert (folder / "checkpoint.npz").exists()


@pytest.mark.slow
def test_a_run_that_does_not_fit_into_memory_goes_on_with_smaller_batches(monkeypatch):
    # TensorFlow tells of missing memory, or crashes: the queue looks after the second case.
    monkeypatch.setenv("KERABLOCKS_MEMORY_LIMIT_MB", "1600")
    store, workspace = default_store(), default_workspace()
    run_id = training.submit(small_project(batch_size=4000))
    deadline = time.monotonic() + WAIT_SECONDS
    try:
        while store.run(run_id).status not in ENDED and time.monotonic() < deadline:
            training.reconcile()
            time.sleep(0.2)
        run = store.run(run_id)
        assert run.status == "finished", run.error
    finally:
        if store.run(run_id).status not in ENDED:
            training.delete_run(run_id)
    told = [event.message for event in store.events(run_id) if event.kind == "out_of_memory"]
    assert "with 4000 samples a step" in told[0] and "2000 samples a step" in told[0]
    batch = read_json(workspace.run_folder(run_id) / "batch.json")
    assert batch["batch_size"] * batch["accumulation_steps"] == 4000


def test_too_little_memory_for_a_single_sample_is_told_in_words():
    problem = explain(MemoryError(), {"batch_size": 1}, "worker.log")
    assert problem.code == "out_of_memory" and "Make the model smaller" in problem.message


def test_a_trained_model_counts_even_where_its_report_cannot_be_written():
    store, run_id, folder = queued()
    (folder / "evaluation.json").mkdir()
    assert ended(run_id).status == "finished"
    assert (folder / "model.keras").exists()
    told = [event.message for event in store.events(run_id) if event.kind == "evaluation_failed"]
    assert told and "Traceback" not in told[0]


def test_a_run_starts_from_an_earlier_one_with_frozen_blocks():
    store, first, _ = queued()
    ended(first)
    document = store.run_document(first)
    document["training"]["initial_weights"] = f"run:{first}"
    frozen = next(node for node in document["model"]["nodes"] if node["kind"].startswith("conv"))
    frozen["frozen"] = True
    second = store.create_run(store.create_project(document), document)
    run = ended(second)
    assert run.status == "finished", run.error
    told = {event.kind: event.message for event in store.events(second)}
    assert "start from the run" in told["started_from"]
    models = [
        keras.saving.load_model(default_workspace().run_folder(run_id) / "model.keras", compile=False)
        for run_id in (first, second)
    ]
    kept = [weight for weight in models[0].weights if weight.path.startswith(frozen["id"])]
    assert kept
    again = {weight.path: weight for weight in models[1].weights}
    for weight in kept:
        np.testing.assert_array_equal(np.asarray(weight), np.asarray(again[weight.path]))
    heads = [
        next(w for w in model.weights if w.path.endswith("kernel") and w.shape[-1] == 10) for model in models
    ]
    assert np.abs(np.asarray(heads[0]) - np.asarray(heads[1])).max() > 0


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ("run:" + "0" * 32, "no_initial_weights"),
        pytest.param("elsewhere", "bad_initial_weights", marks=pytest.mark.exhaustive),
    ],
)
def test_missing_initial_weights_fail_the_run_in_words(chosen, code):
    run = ended(queued(initial_weights=chosen)[1])
    assert (run.status, run.error["code"]) == ("failed", code)
