"""What people have written is shown letter for letter: brackets are no styles, colons no pictures."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress
from test_command_line import builder

from builder.commands.follow import progress_bar
from builder.commands.output import passing_bar
from builder.project import load_preset
from builder.runs.store import default_store

NAME = "Übung [v2] :tada:"
NOTE = "see [/data/old]"


@pytest.fixture
def project() -> str:
    """A project whose name has brackets, with one run."""
    return default_store().create_project({**load_preset("tabular/mlp_regression").to_json(), "name": NAME})


def a_run(project: str) -> str:
    store = default_store()
    return store.create_run(project, store.project(project).document)


def test_projects_and_their_versions_are_listed_by_their_whole_names(project: str) -> None:
    assert NAME in builder("projects").stdout
    version = default_store().versions(project)[0].sequence
    builder("history", project, "--version", str(version), "--name", NOTE)
    assert NOTE in builder("history", project).stdout


def test_runs_are_listed_with_the_whole_name_tags_and_note(project: str) -> None:
    run = a_run(project)
    builder("runs", "tag", run, "[bold]", "[/x]")
    builder("runs", "note", run, NOTE)
    told = builder("runs", "list").stdout
    assert NAME in told and "[/x], [bold]" in told and NOTE in told


def test_runs_are_compared_under_their_whole_names(project: str) -> None:
    assert builder("runs", "compare", a_run(project), a_run(project)).stdout.count(NAME) == 2


def test_the_library_tells_whole_labels() -> None:
    default_store().save_block("own.pair", "Pair [/b]", {"graph": {"nodes": []}})
    assert "Pair [/b]" in builder("library", "list").stdout


def test_paths_are_told_whole(tmp_path: Path) -> None:
    folder = tmp_path / "[old]"
    folder.mkdir()
    file = folder / "digits [v2].json"
    assert f"wrote {file}" in builder("presets", "images/cnn", "-o", file).stdout
    assert f"{file}: no errors." in builder("check", file).stdout
    script = folder / "digits.py"
    assert f"wrote {script}" in builder("script", file, "-o", script).stdout


def test_a_long_path_stays_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / ("long " * 30).strip() / ("longer " * 20).strip()
    folder.mkdir(parents=True)
    assert f"wrote {folder / 'a.json'}" in builder("presets", "images/cnn", "-o", folder / "a.json").stdout


@pytest.mark.parametrize("bar", [progress_bar(), passing_bar()])
def test_progress_is_told_whole(bar: Progress) -> None:
    bar.add_task("reading [/data/old]", total=1.0, detail="part [v2]")
    shown = StringIO()
    Console(file=shown, width=200).print(bar.get_renderable())
    assert "reading [/data/old]" in shown.getvalue() and "part [v2]" in shown.getvalue()


def test_the_id_of_a_run_is_never_cut(project: str) -> None:
    run = a_run(project)
    builder("runs", "note", run, "This one was good. " * 20)
    assert run in builder("runs", "list", width=60).stdout


def test_a_refusal_tells_the_whole_name(tmp_path: Path) -> None:
    file = tmp_path / "[v2].json"
    file.write_text(json.dumps([]))
    assert "There is no preset '[/x]'" in builder("presets", "[/x]", code=2).stderr
    assert "not a Kerablocks project" in builder("check", file, code=2).stderr
