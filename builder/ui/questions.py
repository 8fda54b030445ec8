"""What pages and routes ask the engine, as one function a question. Each returns an ``Answer`` at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.data.marks import present_mark
from builder.jobs import understanding as understanding_files
from builder.jobs.preflight import kept_answer, key_of, progress_of
from builder.jobs.writing_progress import writing_progress
from builder.project import DISCRIMINATOR, MODEL, Project
from builder.ui.services import work, workspace
from builder.ui.work import Answer

SPEC_SECONDS = 30.0
INFER_SECONDS = 20.0
CHECK_SECONDS = 60.0
PREVIEW_SECONDS = 60.0


def proposed(source: dict[str, Any], task: str) -> Answer:
    """Ask for the data recipe that suits a source and a task, in JSON."""
    return work().ask("propose", present_mark(source), source=source, wished=task)


def profile(project: Project) -> Answer:
    """Ask what is known of a project's data: rows, columns, examples, problems."""
    return work().ask("profile", _mark(project), recipe=project.data.to_json())


def quality(project: Project) -> Answer:
    """Ask what is doubtful in a project's data."""
    return work().ask("quality", _mark(project), **_prepare_arguments(project))


def augmented(project: Project, seed: int) -> Answer:
    """Ask for some of a project's training samples before and after augmentation."""
    return work().ask("augmented", _mark(project), **_prepare_arguments(project), seed=seed)


def prepared(project: Project) -> Answer:
    """Ask for the prepared data: ``{"folder", "spec"}``."""
    return work().ask("prepare", _mark(project), **_prepare_arguments(project))


def folder_of(prepared: dict[str, Any]) -> Path:
    """Return the folder in the answer of ``prepared``."""
    return Path(prepared["folder"])


def problems(project: Project) -> Answer:
    """Ask for everything that is wrong with a project, as problems in JSON."""
    return work().ask("check", _mark(project), **_project_arguments(project))


def problems_at_last(project: Project) -> Answer:
    """Wait for everything that is wrong with a project."""
    return work().wait("check", CHECK_SECONDS, _mark(project), **_project_arguments(project))


def script(project: Project) -> Answer:
    """Ask for the project as a Keras script, with the files that it reads: ``{name: text}``, it first."""
    return work().ask("script", _mark(project), **_project_arguments(project))


def opened_model(file: Path) -> Answer:
    """Ask for the model in a ``.keras`` file as blocks."""
    return work().ask("open_model", path=str(file))


def prediction(run_id: str, raw: dict[str, Any]) -> Answer:
    """Ask what a trained model says about one picture, text or row."""
    return work().ask("predict", run_id=run_id, raw=[raw])


def explanation(run_id: str, row: int, method: str, chosen: str | None, target: str | None) -> Answer:
    """Ask why a trained model answers as it does for a row of its data."""
    asked = {"row": row, "method": method, "chosen": chosen, "target": target}
    return work().ask("explain", run_id=run_id, **asked)


def sample_explanation(
    run_id: str, raw: dict[str, Any], method: str, chosen: str | None, target: str | None
) -> Answer:
    """Ask why a trained model answers as it does for a person's own sample."""
    asked = {"raw": raw, "method": method, "chosen": chosen, "target": target}
    return work().ask("explain_sample", run_id=run_id, **asked)


def understanding(run_id: str, what: str, settings: dict[str, Any]) -> Answer | None:
    """Return what is known of a question about a trained model as a whole; None where nobody asked it."""
    kept = understanding_files.kept_answer(workspace().run_folder(run_id), what, settings)
    if kept is not None:
        return Answer("ready", kept)
    return work().known("understand", run_id=run_id, what=what, settings=settings)


def start_understanding(run_id: str, what: str, settings: dict[str, Any]) -> None:
    """Ask a question about a trained model as a whole, again where it failed or was ended."""
    known = understanding(run_id, what, settings)
    if known is not None and known.state != "failed":
        return
    understanding_files.forget_cancel(workspace().run_folder(run_id), what, settings)
    work().forget("understand", run_id=run_id, what=what, settings=settings)
    work().ask("understand", run_id=run_id, what=what, settings=settings)


def understanding_progress(run_id: str, what: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Return how far a question about a trained model is: ``{"share": 0 to 1, "words": ...}``."""
    return understanding_files.progress_of(workspace().run_folder(run_id), what, settings)


def cancel_understanding(run_id: str, what: str, settings: dict[str, Any]) -> None:
    """End the work on a question about a trained model."""
    understanding_files.cancel(workspace().run_folder(run_id), what, settings)


def written(asked: dict[str, Any]) -> Answer:
    """Ask what a language model writes: ``{"run_id", "prompt", "settings"}``."""
    return work().ask("write", **asked)


def generated(run_id: str, settings: dict[str, Any]) -> Answer:
    """Ask for samples that a generator makes: ``{"kind", "samples"}``."""
    return work().ask("generate", run_id=run_id, settings=settings)


def answered(asked: dict[str, Any]) -> Answer:
    """Ask what a text-to-text model makes of a text: ``{"run_id", "text", "settings"}``."""
    return work().ask("answer", **asked)


def written_so_far(asked: dict[str, Any]) -> str:
    """Return the beginning of what a language model is writing."""
    return writing_progress(workspace().run_folder(asked["run_id"]), asked["prompt"], asked["settings"])


def evaluation(run_id: str) -> Answer:
    """Ask how good a trained model is on the test part of its data."""
    return work().ask("evaluate", run_id=run_id)


def shrunk(asked: dict[str, Any]) -> Answer:
    """Ask for the document that applies a recipe: ``{"run_id", "recipe", "values", "student"}``."""
    return work().ask("shrunk", **asked)


def last_export(run_id: str, formats: list[str], quantization: Mapping[str, Any]) -> Answer | None:
    """Return what is known of exports that were started; None where nobody did."""
    return work().known("export", run_id=run_id, formats=formats, quantization=quantization)


def start_export(run_id: str, formats: list[str], quantization: Mapping[str, Any]) -> None:
    """Start an export of a run, unless one is at work on it."""
    if not exports_going_on(run_id):
        asked = {"run_id": run_id, "formats": formats, "quantization": quantization}
        work().forget("export", **asked)
        work().ask("export", **asked)


def start_measuring(
    name: str,
    run_ids: list[str],
    quantization: Mapping[str, Any] | None = None,
    formats: Sequence[str] = (),
) -> None:
    """Start to measure the variants of runs, unless that is at work; see ``builder.jobs.measuring``."""
    if not is_measuring(name):
        asked = {"name": name, "run_ids": run_ids, "quantization": quantization, "formats": list(formats)}
        work().forget("measure", **asked)
        work().ask("measure", **asked)


def is_measuring(name: str) -> bool:
    """Tell whether a measuring of this name is at work."""
    return any(asked["name"] == name for asked in work().unfinished("measure"))


def last_measuring(name: str) -> Answer | None:
    """Return what came of the last measuring of this name, or None where there was none."""
    asked = [given for given in work().asked("measure") if given["name"] == name]
    return work().known("measure", **asked[-1]) if asked else None


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


def last_server(run_id: str, served: str) -> Answer | None:
    """Return what is known of the start of a prediction server; None where nobody started one."""
    return work().known("serve", run_id=run_id, served=served)


def start_server(run_id: str, served: str) -> None:
    """Start a prediction server, unless one of this run is being started."""
    if not servers_starting(run_id):
        work().forget("serve", run_id=run_id, served=served)
        work().ask("serve", run_id=run_id, served=served)


def servers_starting(run_id: str) -> list[dict[str, Any]]:
    """Return the servers of a run that are being started."""
    return [asked for asked in work().unfinished("serve") if asked["run_id"] == run_id]


def inference(project: Project, graph: dict[str, Any], side: str = MODEL) -> Answer:
    """Wait for shapes, counts and problems of a graph on a project's data. Blocks; for routes only."""
    data = work().wait("prepare", SPEC_SECONDS, _mark(project), **_prepare_arguments(project))
    if data.state == "working":
        return data
    spec = _spec_of(data.value["spec"], side) if data.state == "ready" else None
    return work().newest(None, "infer", INFER_SECONDS, graph=graph, spec=spec)


def analysis(project: Project, graph: dict[str, Any], side: str = MODEL) -> Answer:
    """Wait for what a graph costs, block by block, on a project's data. Blocks; for routes only."""
    data = work().wait("prepare", SPEC_SECONDS, _mark(project), **_prepare_arguments(project))
    if data.state != "ready":
        return data
    settings, spec = project.training_settings(), _spec_of(data.value["spec"], side)
    return work().wait("analyze", INFER_SECONDS, graph=graph, spec=spec, settings=settings)


def _spec_of(spec: dict[str, Any], side: str) -> dict[str, Any]:
    """Return what the data look like to one of a project's graphs."""
    return {**spec, "judging": True} if side == DISCRIMINATOR else spec


def preflight(project: Project, start: bool) -> tuple[Answer, dict[str, Any] | None]:
    """Ask what training and export of a project will meet; return the answer and how far it is.

    Args:
        start: whether to begin where nothing is known yet, or to try again after a failure.

    Returns:
        The answer, and ``{"share", "words"}`` while the work goes on; None where none goes on.
    """
    kept = kept_answer(project, workspace())
    if kept is not None:
        return Answer("ready", kept), None
    arguments = {"project": project.to_json()}
    key = key_of(project)
    going_on = [item for item in work().unfinished("preflight") if _key_of_json(item["project"]) == key]
    if going_on:
        return Answer("working"), progress_of(project, workspace())
    known = work().known("preflight", **arguments)
    if not start:
        return known or Answer("working"), None
    if known is not None and known.state == "failed":
        work().forget("preflight", **arguments)
    return work().ask("preflight", **arguments), {"share": 0.0, "words": "Getting ready"}


def learning_rates(project: Project, start: bool) -> Answer | None:
    """Ask for the learning-rate range test of a project; None where nobody has started it."""
    return _measurement("lr_range", project, start)


def batch_sizes(project: Project, start: bool) -> Answer | None:
    """Ask which batch sizes are fast for a project; None where nobody has started that."""
    return _measurement("batch_sizes", project, start)


def _measurement(task: str, project: Project, start: bool) -> Answer | None:
    if start:
        return work().ask(task, project=project.to_json())
    return work().known(task, project=project.to_json())


def _key_of_json(project: dict[str, Any]) -> str:
    return key_of(Project.from_json(project))


def preview(project: Project, asker: str, **wanted: Any) -> Answer:
    """Wait for what the blocks put out for a sample of a project's data. Blocks; for routes only.

    Args:
        asker: names the canvas that asks: its newest question alone counts.
        wanted: the arguments of the task ``preview``, but for the data.
    """
    data = work().wait("prepare", SPEC_SECONDS, _mark(project), **_prepare_arguments(project))
    if data.state != "ready":
        return data
    folder = data.value["folder"]
    return work().newest(asker, "preview", PREVIEW_SECONDS, prepared_folder=folder, **wanted)


def _mark(project: Project) -> str:
    return present_mark(project.data.source)


def _prepare_arguments(project: Project) -> dict[str, Any]:
    return {"recipe": project.data.to_json(), "cache_folder": str(workspace().prepared_folder)}


def _project_arguments(project: Project) -> dict[str, Any]:
    return {"project": project.to_json(), "prepared_folder": str(workspace().prepared_folder)}
