"""Measuring the variants of runs: exports what is not there yet, measures it, and can be ended early.

Progress and a wish to end are files in the workspace, because page and work are different processes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.data.spec import DataSpec
from builder.errors import BuilderError, stop
from builder.export.formats import FORMATS, WHOLE_TFLITE, formats_for
from builder.export.quantization import Quantization
from builder.export.report import is_of_model, model_stamp, read_report
from builder.jobs.progress import Progress, progress_in, told_in
from builder.project import Project
from builder.runs.records import FINISHED, STOPPED, RunRecord
from builder.runs.store import Store
from builder.runs.workspace import EXPORTS_FOLDER, MODEL_FILE, Workspace
from builder.truth.report import keep, read_truth, read_variants

if TYPE_CHECKING:
    from builder.data.prepare import Prepared

# What every run is measured in; some data have further formats.
MEASURED_FORMATS = ("keras", *(name for name in WHOLE_TFLITE if not FORMATS[name].of_spectrogram))
# Of one run's measuring, the share that an export takes.
_EXPORTING = 0.5
RUNS_LISTED = 200


def measure_runs(
    name: str,
    run_ids: Sequence[str],
    store: Store,
    workspace: Workspace,
    quantization: Mapping[str, Any] | None = None,
    formats: Sequence[str] = (),
    on_progress: Progress | None = None,
) -> dict[str, Any]:
    """Export and measure runs, one after the other; what is measured already is left as it is.

    Args:
        name: whose measuring it is: a run's or a project's id; progress and cancelling go by it.
        run_ids: the runs.
        store: the database.
        workspace: the folders.
        quantization: choices to export with anew; where None, exports are taken as they are.
        formats: those that must be there; where an export lacks one, the run is exported anew.
        on_progress: called with the done share and words.

    Returns:
        ``{"measured": ids of runs, "problems": [problem as JSON]}``; one run's failure does not stop others.

    Raises:
        BuilderError: ``cancelled`` where someone wanted it to end.
    """
    cancel_file(name, workspace).unlink(missing_ok=True)
    tell = _teller(name, workspace, on_progress)
    measured, problems = [], []
    for place, run_id in enumerate(run_ids):
        step = _part(tell, place / len(run_ids), 1 / len(run_ids))
        try:
            measure_run(run_id, store, workspace, quantization, formats, step)
            measured.append(run_id)
        except BuilderError as error:
            if error.problems[0].code == "cancelled":
                raise
            problems += [problem.to_json() for problem in error.problems]
    tell(1.0, "Measured")
    return {"measured": measured, "problems": problems}


def measure_run(
    run_id: str,
    store: Store,
    workspace: Workspace,
    quantization: Mapping[str, Any] | None,
    formats: Sequence[str],
    on_progress: Progress,
) -> dict[str, Any]:
    """Return the truth about one run's exported files; they are exported first where need be.

    Raises:
        BuilderError: where the run has no model, or its model or data cannot be used.
    """
    from builder import export as exporting
    from builder.data.prepare import prepare
    from builder.truth.run import measure

    folder = workspace.run_folder(run_id)
    model, exports = folder / MODEL_FILE, folder / EXPORTS_FOLDER
    if not model.exists():
        raise stop("not_trained", f"The run '{run_id}' has no trained model yet. Train it to its end first.")
    # Taken first: the model may be trained on while it is measured.
    stamp = model_stamp(model)
    truth = read_truth(exports)
    is_there = _has_files(exports, stamp, formats)
    if truth is not None and quantization is None and is_there and not _has_failed(truth):
        if read_variants(folder, stamp):
            return truth
    on_progress(0.0, "Opening the data")
    project = Project.from_json(store.run_document(run_id))
    prepared: Prepared = prepare(project.data, workspace.prepared_folder)
    begin = 0.0
    if quantization is not None or not is_there:
        chosen = Quantization.from_json(quantization or {})
        on_progress(0.0, "Exporting")
        step = _part(on_progress, 0.0, _EXPORTING)
        wanted = _formats_for(exports, formats, prepared.spec)
        exporting.run(model, project, prepared, exports, wanted, step, chosen)
        begin = _EXPORTING
    found = measure(model, project, prepared, exports, _part(on_progress, begin, 1 - begin))
    keep(found, exports, folder, stamp)
    return found


def points(runs: Sequence[RunRecord], workspace: Workspace) -> tuple[list[dict[str, Any]], list[RunRecord]]:
    """Return every measured variant of some runs as points of a frontier, and the runs without any."""
    found, missing = [], []
    for run in runs:
        folder = workspace.run_folder(run.id)
        model = folder / MODEL_FILE
        variants = read_variants(folder, model_stamp(model)) if model.exists() else []
        found += [{**item, "run": run.id, "run_name": _run_name(run)} for item in variants]
        if not variants:
            missing.append(run)
    return found, missing


def export_point(point: Mapping[str, Any], store: Store, workspace: Workspace, on_progress: Progress) -> Path:
    """Return the folder of a frontier's point in its run's export; it is exported again where it is gone.

    Args:
        point: one of ``points``.
        store: the database.
        workspace: the folders.
        on_progress: called with the done share and words.
    """
    exports = workspace.run_folder(point["run"]) / EXPORTS_FOLDER
    if not is_exported(point, exports):
        measure_run(point["run"], store, workspace, point["quantization"], [point["format"]], on_progress)
    return exports / str(point["format"])


def is_exported(point: Mapping[str, Any], exports: Path) -> bool:
    """Tell whether the files of a frontier's point lie in its run's export."""
    report = read_report(exports)
    if report is None or not is_of_model(report, point["model"]) or not (exports / point["format"]).exists():
        return False
    return not FORMATS[point["format"]].quantized or report.get("quantization") == point["quantization"]


def runs_with_models(store: Store, project_id: str, workspace: Workspace) -> list[RunRecord]:
    """Return the runs of a project that have a trained model, newest first."""
    runs = store.list_runs(project_id=project_id, statuses=(FINISHED, STOPPED), limit=RUNS_LISTED)
    return [run for run in runs if workspace.run_file(run.id, MODEL_FILE).exists()]


def progress_of(name: str, workspace: Workspace) -> dict[str, Any]:
    """Return how far a measuring is: ``{"share": 0 to 1, "words"}``."""
    return progress_in(_progress_file(name, workspace))


def cancel(name: str, workspace: Workspace) -> None:
    """Ask a measuring to end; it does so at its next step, and what was measured before stays."""
    cancel_file(name, workspace).touch()


def cancel_file(name: str, workspace: Workspace) -> Path:
    """Return the file whose being there ends a measuring."""
    return workspace.measuring_folder / f"{name}.cancel"


def _has_failed(truth: Mapping[str, Any]) -> bool:
    # What could not be measured is tried again.
    return any(item["problem"] for item in truth["variants"])


def _has_files(exports: Path, stamp: str, formats: Sequence[str]) -> bool:
    report = read_report(exports)
    if report is None or not is_of_model(report, stamp):
        return False
    if formats:
        # One that failed is there as well: it would fail again.
        return set(formats) <= {item["format"] for item in report["formats"]}
    return _has_tflite(report)


def _has_tflite(report: Mapping[str, Any]) -> bool:
    return any(item["format"] in WHOLE_TFLITE and item["status"] != "failed" for item in report["formats"])


def _formats_for(exports: Path, formats: Sequence[str], spec: DataSpec) -> tuple[str, ...]:
    """Return the formats of an export and those that must be there; without any, all measured ones."""
    report = read_report(exports)
    there = [item["format"] for item in report["formats"]] if report else []
    wanted = {*there, *(formats or ([] if report and _has_tflite(report) else MEASURED_FORMATS))}
    if wanted.issuperset(MEASURED_FORMATS):
        wanted |= set(WHOLE_TFLITE).intersection(formats_for(spec))
    return tuple(name for name in FORMATS if name in wanted)


def _run_name(run: RunRecord) -> str:
    return f"{run.name} {run.id[:6]}"


def _part(tell: Progress, begin: float, width: float) -> Progress:
    return lambda share, words: tell(begin + width * share, words)


def _teller(name: str, workspace: Workspace, on_progress: Progress | None) -> Progress:
    told = told_in(_progress_file(name, workspace), on_progress)

    def tell(share: float, words: str) -> None:
        if cancel_file(name, workspace).exists():
            cancel_file(name, workspace).unlink()
            raise stop("cancelled", "The measuring was ended. What was measured before it stays.")
        told(share, words)

    return tell


def _progress_file(name: str, workspace: Workspace) -> Path:
    return workspace.measuring_folder / f"{name}.progress.json"
