"""A breakdown of a converter costs one format, and no converter outlives who listens to it."""

import subprocess
import sys
from pathlib import Path

from builder.export.job import Job
from builder.export.launching import environment
from builder.export.process import run_formats

NAMES = ["tflite_float32", "tflite_int8", "saved_model", "script"]


def test_a_crash_or_a_hang_costs_that_format_alone(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    job = Job("model.keras", {"model": {"nodes": []}}, "prepared", str(tmp_path), tuple(NAMES))
    job.write(tmp_path / "job.json")
    begun: list[str] = []
    answers = run_formats("crashing_worker", tmp_path / "job.json", NAMES, begun.append, seconds=15)
    assert begun == NAMES
    assert answers["tflite_float32"].result and answers["script"].result
    assert answers["tflite_int8"].problem.code == "export_crashed"
    assert answers["saved_model"].problem.code == "export_too_slow"


def test_a_worker_that_cannot_begin_fails_every_format(tmp_path) -> None:
    job = Job("model.keras", {"model": {"nodes": []}}, "nowhere", str(tmp_path), ("script",))
    job.write(tmp_path / "job.json")
    answers = run_formats("builder.export.verify", tmp_path / "job.json", ["script"], str)
    assert "No such file" in answers["script"].problem.message


def test_a_worker_ends_in_the_middle_of_a_format_when_nobody_listens_any_more(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    job = Job("model.keras", {"model": {"nodes": []}}, "prepared", str(tmp_path), ("saved_model",))
    job.write(tmp_path / "job.json")
    command = [sys.executable, "-m", "crashing_worker", str(tmp_path / "job.json"), "saved_model"]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and b"start" in process.stdout.readline()
        process.stdout.close()
        try:
            assert process.wait(20)
        finally:
            process.kill()
