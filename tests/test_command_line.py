"""The shell does what the browser does, with honest exit codes and plain words."""

import io
import json
import os
import subprocess
import sys
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest
from rich.console import Console, ConsoleDimensions

from builder.__main__ import main
from builder.project import load_preset
from builder.runs.store import default_store

ROOT = Path(__file__).resolve().parent.parent


class Said(NamedTuple):
    """What a command wrote."""

    stdout: str
    stderr: str


def builder(*arguments: str | Path, code: int = 0, width: int = 200) -> Said:
    """Run ``python -m builder`` in this process and require its exit code."""
    output, errors = io.StringIO(), io.StringIO()
    command = ["builder", *map(str, arguments)]
    with (
        redirect_stdout(output),
        redirect_stderr(errors),
        patch.object(sys, "argv", command),
        patch.object(Console, "size", ConsoleDimensions(width, 50)),
    ):
        try:
            main()
            found: object = 0
        except SystemExit as end:
            found = end.code or 0
    said = Said(output.getvalue(), errors.getvalue())
    return checked(said, found, code)


def in_a_process(*arguments: str | Path, code: int = 0) -> Said:
    """Run ``python -m builder`` as a shell does and require its exit code."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    command = [sys.executable, "-m", "builder", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    return checked(Said(done.stdout, done.stderr), done.returncode, code)


def checked(said: Said, found: object, code: int) -> Said:
    assert "Traceback" not in said.stderr + said.stdout
    assert found == code, said.stdout + said.stderr
    return said


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
    written = file.with_suffix(".ipynb")
    assert "houses.ipynb" in builder("script", small_project, "-o", written).stdout
    assert json.loads(written.read_text())["nbformat"] == 4


def test_cross_validation_trains_once_a_fold_and_tells_the_spread(tmp_path: Path) -> None:
    rows = "".join(f"{n % 13},{n % 7},{'ab'[n % 13 > 5]}\n" for n in range(120))
    (tmp_path / "rows.csv").write_text("x,y,kind\n" + rows)
    document = load_preset("tabular/mlp_classification").to_json()
    document["data"] |= {
        "source": {"kind": "csv", "path": "rows.csv"},
        "roles": {"x": "numeric", "y": "numeric", "kind": "target"},
        "split": {},
    }
    document["training"] = {"epochs": 1, "batch_size": 32}
    file = tmp_path / "kinds.json"
    file.write_text(json.dumps(document))
    shown = builder("train", file, "--folds", "2").stdout
    runs = sorted(default_store().list_runs(), key=lambda run: run.tags)
    assert [run.tags for run in runs] == [("fold 1 of 2",), ("fold 2 of 2",)]
    assert len({run.project_id for run in runs}) == 1
    scores = [run.result["test"]["accuracy"] for run in runs]
    line = next(line for line in shown.splitlines() if "accuracy" in line and "│" in line)
    assert f"{sum(scores) / 2:.4g}" in line


def test_cross_validation_is_refused_in_words_where_there_are_no_folds(small_project: Path) -> None:
    document = json.loads(small_project.read_text())
    document["data"]["split"] = {"method": "ordered"}
    small_project.write_text(json.dumps(document))
    assert "there are no folds" in builder("train", small_project, "--folds", "3", code=2).stderr


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
    assert "nowhere.json" in in_a_process("train", tmp_path / "nowhere.json", code=2).stderr


@pytest.mark.slow
def test_trains_evaluates_predicts_and_exports(small_project: Path, tmp_path: Path) -> None:
    not_yet = builder("evaluate", small_project, code=2).stderr
    assert "Train it first" in not_yet

    trained = in_a_process("train", small_project)
    assert "finished" in trained.stdout
    assert trained.stderr == "", "TensorFlow's notes on graphics cards are none of the studio's"
    scores = json.loads(builder("evaluate", small_project).stdout)
    assert scores["mean_absolute_error"] < scores["baseline"]["mean_absolute_error"]

    row = {"longitude": -122.2, "latitude": 37.9, "median_income": 8.3, "ocean_proximity": "NEAR BAY"}
    complete = {"housing_median_age": 41, "total_rooms": 880, "total_bedrooms": 129, "population": 322}
    row |= complete | {"households": 126}
    (prediction,) = json.loads(builder("predict", small_project, "--row", json.dumps(row)).stdout)
    assert 15_000 < prediction["value"] < 1_500_000

    reason = json.loads(builder("explain", small_project, "--sample", "5", "--method", "shapley").stdout)
    (columns,) = reason["inputs"]
    added = reason["empty"] + sum(columns["scores"])
    assert added == pytest.approx(reason["value"], rel=1e-3) and "median_income" in columns["labels"]
    assert reason["faithfulness"]["verdict"] in ("trust", "care", "doubt")

    bundle = tmp_path / "export.zip"
    shown = in_a_process("export", small_project, "-f", "keras", "-f", "tflite_int8", "-o", bundle).stdout
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


def test_runs_are_searched_tagged_compared_deleted_and_restored(tmp_path: Path) -> None:
    store, document = default_store(), load_preset("tabular/mlp_regression").to_json()
    project = store.create_project(document)
    other = {**document, "training": {**document["training"], "learning_rate": 0.25}}
    first, second = (store.create_run(project, item) for item in (document, other))
    for run_id in (first, second):
        store.transition(run_id, ["queued"], "finished", result={"metrics": {"loss": 0.5}, "best_epoch": 1})
    builder("runs", "tag", first, "good", "small")
    found = builder("runs", "--search", "good").stdout
    assert first in found and second not in found and "good, small" in found
    told = builder("runs", "compare", first, second).stdout
    assert "learning_rate" in told and "best_loss" in told
    builder("runs", "delete", first)
    assert first not in builder("runs", "list").stdout
    assert first in builder("runs", "list", "--trash").stdout
    builder("runs", "restore", first)
    assert first in builder("runs").stdout


def test_a_learning_rate_is_measured_and_written_into_the_project(small_project: Path) -> None:
    told = json.loads(builder("lr-range", small_project, "--json", "--apply").stdout.split("wrote")[0])
    assert 0 < told["suggestion"] < told["at_minimum"]
    assert json.loads(small_project.read_text())["training"]["learning_rate"] == told["suggestion"]
