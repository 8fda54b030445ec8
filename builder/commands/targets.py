"""What a command's target means: a run by its id, or the newest finished run of a project file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from builder.errors import BuilderError, stop
from builder.project import Project, load_preset, read_project
from builder.runs.records import FINISHED, STOPPED, RunRecord
from builder.runs.store import default_store

ProjectFile = Annotated[Path, typer.Argument(help="A project file (JSON).", show_default=False)]
Target = Annotated[str, typer.Argument(help="A run's id, or a project file that has been trained.")]


def run_of(target: str) -> RunRecord:
    """Return the run that a target names.

    Raises:
        BuilderError: ``unknown_run``, or ``not_trained`` for a project file without a finished run.
    """
    store = default_store()
    if not target.endswith(".json"):
        return store.run(target)
    document = read_project(target).to_json()
    for run in store.list_runs(statuses=(FINISHED, STOPPED)):
        if _is_run_of(store.run_document(run.id), document):
            return run
    message = (
        f"The project {target} has no finished run as it stands. "
        f"Train it first: python -m builder train {target}"
    )
    raise stop("not_trained", message)


def _is_run_of(trained: dict[str, Any], document: dict[str, Any]) -> bool:
    # Training may be repeated with other settings; the data and the model say which project it is.
    return all(trained.get(part) == document.get(part) for part in ("name", "data", "model", "compression"))


def runs_of(target: str) -> list[RunRecord]:
    """Return the ended runs of a project, by its id, or by the name and data of its file; newest first."""
    store = default_store()
    statuses = (FINISHED, STOPPED)
    if not target.endswith(".json"):
        return store.list_runs(project_id=store.project(target).id, statuses=statuses)
    project = read_project(target).to_json()
    return [
        run
        for run in store.list_runs(statuses=statuses)
        if run.name == project["name"] and store.run_document(run.id)["data"] == project["data"]
    ]


def any_project(text: str) -> Project:
    """Return the project behind a file's name, a preset's name, or the id of a project or a run."""
    if text.endswith(".json") or Path(text).is_file():
        return read_project(text)
    if "/" in text:
        return load_preset(text)
    try:
        return Project.from_json(default_store().project(text).document)
    except BuilderError:
        return Project.from_json(default_store().run_document(text))
