"""The shell does what the browser does, with honest exit codes and plain words."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from builder.project import load_preset

ROOT = Path(__file__).resolve().parent.parent


def builder(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run ``python -m builder`` in a process of its own and require its exit code."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    command = [sys.executable, "-m", "builder", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def small_project(tmp_path: Path) -> Path:
    """A project that trains in seconds: banknotes' worth of rows from the bundled house prices."""
    document = load_preset("tabular/mlp_regression").to_json()
    document["training"] = {"epochs": 2, "batch_size": 512}
    file = tmp_path / "houses.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def test_lists_presets_and_writes_one_as_a_project(tmp_path: Path) -> None:
    assert "images/cnn" in builder("presets").stdout
    file = tmp_path / "mine.json"
    builder("presets", "images/cnn", "-o", file)
    assert json.loads(file.read_text())["format"] == "kerablocks.project"


def test_a_script_is_written_with_the_files_that_it_reads(small_project: Path, tmp_path: Path) -> None:
    file = tmp_path / "script" / "houses.py"
    file.parent.mkdir()
    assert "columns.json" in builder("script", small_project, "-o", file).stdout
    assert "import keras" in file.read_text()
    assert json.loads((file.parent / "columns.json").read_text())


def test_never_overwrites_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text("my work")
    assert "exists already" in builder("presets", "images/cnn", "-o", file, code=2).stderr
    assert file.read_text() == "my work"


def test_unknown_preset_names_those_that_exist() -> None:
    assert "text/lstm" in builder("presets", "text/lstn", code=2).stderr


def test_check_tells_every_problem_and_fails(tmp_path: Path) -> None:
    document = load_preset("images/cnn").to_json()
    document["model"]["nodes"][1]["parameters"]["filters"] = -3
    document["training"]["learning_rate"] = 0
    file = tmp_path / "broken.json"
    file.write_text(json.dumps(document))
    words = builder("check", file, code=2).stderr
    assert "conv_1" in words and "'filters'" in words and "Got -3 instead" in words
    assert "'learning_rate'" in words


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "not valid JSON"),
        (b"\x80\x04\x95pickle", "not valid JSON"),
        (b"[]", "not a Kerablocks project"),
        (b'{"format": "kerablocks.project", "version": 99}', "newer Kerablocks"),
    ],
)
def test_a_file_that_is_no_project_is_refused_in_words(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "strange.json"
    file.write_bytes(content)
    assert expected in builder("check", file, code=2).stderr


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "nowhere.json" in builder("train", tmp_path / "nowhere.json", code=2).stderr


@pytest.mark.slow
def test_trains_evaluates_predicts_and_exports(small_project: Path, tmp_path: Path) -> None:
    not_yet = builder("evaluate", small_project, code=2).stderr
    assert "Train it first" in not_yet

    assert "finished" in builder("train", small_project).stdout
    scores = json.loads(builder("evaluate", small_project).stdout)
    assert scores["mean_absolute_error"] < scores["baseline"]["mean_absolute_error"]

    row = {"longitude": -122.2, "latitude": 37.9, "median_income": 8.3, "ocean_proximity": "NEAR BAY"}
    complete = {"housing_median_age": 41, "total_rooms": 880, "total_bedrooms": 129, "population": 322}
    row |= complete | {"households": 126}
    (prediction,) = json.loads(builder("predict", small_project, "--row", json.dumps(row)).stdout)
    assert 15_000 < prediction["value"] < 1_500_000

    bundle = tmp_path / "export.zip"
    shown = builder("export", small_project, "-f", "keras", "-f", "tflite_int8", "-o", bundle).stdout
    assert "verified" in shown
    with zipfile.ZipFile(bundle) as archive:
        assert {"report.json", "keras/model.keras", "tflite_int8/model.tflite"} <= set(archive.namelist())


@pytest.mark.slow
def test_a_run_that_fails_gives_exit_code_1(small_project: Path) -> None:
    document = json.loads(small_project.read_text())
    document["training"] |= {"optimizer": "sgd", "learning_rate": 10.0, "epochs": 30}
    small_project.write_text(json.dumps(document))
    words = builder("train", small_project, code=1).stderr
    assert "learning rate" in words
