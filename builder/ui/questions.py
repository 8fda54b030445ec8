"""What pages and routes ask the engine, as one function a question. Each returns an ``Answer`` at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from builder.project import Project
from builder.ui.services import work, workspace
from builder.ui.work import Answer

SPEC_SECONDS = 30.0
INFER_SECONDS = 20.0
CHECK_SECONDS = 60.0


def proposed(source: dict[str, Any]) -> Answer:
    """Ask for the data recipe that suits a source, in JSON."""
    return work().ask("propose", source=source)


def profile(project: Project) -> Answer:
    """Ask what is known of a project's data: rows, columns, examples, problems."""
    return work().ask("profile", recipe=project.data.to_json())


def prepared(project: Project) -> Answer:
    """Ask for the prepared data: ``{"folder", "spec"}``."""
    return work().ask("prepare", **_prepare_arguments(project))


def folder_of(prepared: dict[str, Any]) -> Path:
    """Return the folder in the answer of ``prepared``."""
    return Path(prepared["folder"])


def problems(project: Project) -> Answer:
    """Ask for everything that is wrong with a project, as problems in JSON."""
    return work().ask("check", **_project_arguments(project))


def problems_at_last(project: Project) -> Answer:
    """Wait for everything that is wrong with a project."""
    return work().wait("check", CHECK_SECONDS, **_project_arguments(project))


def script(project: Project) -> Answer:
    """Ask for the project as a Keras script, with the files that it reads: ``{name: text}``, it first."""
    return work().ask("script", **_project_arguments(project))


def prediction(run_id: str, raw: dict[str, Any]) -> Answer:
    """Ask what a trained model says about one picture, text or row."""
    return work().ask("predict", run_id=run_id, raw=[raw])


def evaluation(run_id: str) -> Answer:
    """Ask how good a trained model is on the test part of its data."""
    return work().ask("evaluate", run_id=run_id)


def export(run_id: str, formats: list[str]) -> Answer:
    """Ask for the exports of a run."""
    return work().ask("export", run_id=run_id, formats=formats)


def start_export(run_id: str, formats: list[str]) -> None:
    """Start an export of a run, unless one is at work on it."""
    if not exports_going_on(run_id):
        work().forget("export", run_id=run_id, formats=formats)
        export(run_id, formats)


def exports_going_on(run_id: str) -> list[dict[str, Any]]:
    """Return the exports that are at work on a run."""
    return [asked for asked in work().unfinished("export") if asked["run_id"] == run_id]


def export_progress(run_id: str) -> dict[str, Any]:
    """Return how far the export of a run is: ``{"share": 0 to 1, "words": ...}``."""
    file = workspace().run_folder(run_id) / "exports" / "progress.json"
    try:
        seen = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"share": 0.0, "words": "Getting ready"}
    return {
        "share": min(1.0, max(0.0, float(seen.get("share", 0)))),
        "words": str(seen.get("words", "Exporting")),
    }


def inference(project: Project, graph: dict[str, Any]) -> Answer:
    """Wait for shapes, counts and problems of a graph on a project's data. Blocks; for routes only."""
    data = work().wait("prepare", SPEC_SECONDS, **_prepare_arguments(project))
    if data.state == "working":
        return data
    spec = data.value["spec"] if data.state == "ready" else None
    return work().wait("infer", INFER_SECONDS, graph=graph, spec=spec)


def _prepare_arguments(project: Project) -> dict[str, Any]:
    return {"recipe": project.data.to_json(), "cache_folder": str(workspace().prepared_folder)}


def _project_arguments(project: Project) -> dict[str, Any]:
    return {"project": project.to_json(), "prepared_folder": str(workspace().prepared_folder)}
