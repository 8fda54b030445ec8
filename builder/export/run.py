"""One export from beginning to end: convert, verify, report, and only then appear."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from builder.data.prepare import Prepared
from builder.data.spec import DataSpec
from builder.errors import BuilderError, shown_value, stop
from builder.export.bundle import write_readme
from builder.export.clients import write_clients
from builder.export.formats import FORMATS, formats_for
from builder.export.job import AUTO_SERVED, SERVED, Job
from builder.export.process import Answer, run_formats
from builder.export.quantization import Quantization
from builder.export.report import model_stamp, write_report
from builder.export.trouble import full_disk, is_full_disk
from builder.project import Project
from builder.tasks import TASKS

Progress = Callable[[float, str], None]
_CONVERT = "builder.export.convert"
_VERIFY = "builder.export.verify"
_PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "litert-quantizer", "tf2onnx", "onnxruntime", "numpy")
# Light runtimes first: their answers come at once, and a crash of one does not touch the others.
_RUNTIMES = ("litert", "onnxruntime", "keras", "tensorflow")


def run(
    model: Any,
    project: Project,
    prepared: Prepared,
    folder: str | os.PathLike[str],
    formats: Sequence[str] | None = None,
    on_progress: Progress | None = None,
    quantization: Quantization | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    served: str = AUTO_SERVED,
) -> dict[str, Any]:
    """Export a trained model in several formats, verify each in its own runtime, and report.

    The folder is replaced when everything is done; until then it keeps what it held. A format that
    cannot be made is reported and does not stop the others.

    Args:
        model: the path of a ``.keras`` file, or a Keras model.
        project: the project that the model was made from.
        prepared: the data that it was trained on; the test part serves for verification, the
            training part for calibration.
        folder: where the export appears: a folder a format, ``clients`` (a sample and snippets),
            ``report.json``, ``report.html``, ``README.md``, ``MODEL_CARD.md``.
        formats: names from ``builder.export.formats.FORMATS``; without them, all that fit the data.
        on_progress: called with the done share, 0 to 1, and what is being done. An exception from it
            ends the export and leaves nothing behind.
        quantization: what stays float, and how many samples tell the 8-bit ranges; the default where None.
        now: the clock.
        served: the format of the model in the prediction server, one of ``builder.export.job.SERVED``.

    Returns:
        The report: ``project``, ``task``, ``created``, ``samples``, ``metric``, ``quantization``, ``model``
        (the file's stamp, see ``builder.export.report.model_stamp``), ``versions`` and, for each format,
        ``format``, ``label``, ``status`` (``"verified"``, ``"differs"`` or ``"failed"``), ``bytes``,
        ``agreement``, ``largest_difference``, ``metric_export``, ``metric_keras``, ``latency_ms_p50``,
        ``latency_ms_p95``, ``note``, ``problem``.

    Raises:
        BuilderError: where a format or a block is unknown, the model's file is missing, the disk is full, or
            no format at all can be made.
    """
    formats = formats_for(prepared.spec) if formats is None else formats
    _check(model, formats, served)
    chosen = quantization or Quantization()
    chosen.check([node.id for node in project.model.nodes])
    target = Path(folder).resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(target)
    temporary = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
    try:
        report = _export(
            model, project, prepared, temporary, formats, on_progress or _ignore, chosen, now, served
        )
        _publish(temporary, target)
    except OSError as error:
        if is_full_disk(error):
            raise BuilderError([full_disk()]) from error
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return report


def _export(
    model: Any,
    project: Project,
    prepared: Prepared,
    folder: Path,
    formats: Sequence[str],
    on_progress: Progress,
    quantization: Quantization,
    now: Callable[[], datetime],
    served: str,
) -> dict[str, Any]:
    scratch = folder / ".scratch"
    scratch.mkdir()
    # Taken first: the model may be trained on while it is exported.
    stamp = model_stamp(Path(model)) if isinstance(model, (str, os.PathLike)) else None
    job = Job(
        model_file=_model_file(model, scratch),
        project=project.to_json(),
        prepared_folder=str(prepared.folder.resolve()),
        folder=str(folder),
        formats=tuple(formats),
        quantization=quantization,
        served=served,
    )
    job_file = scratch / "job.json"
    job.write(job_file)
    made = run_formats(_CONVERT, job_file, formats, _steps("Converting", formats, on_progress, 0.0))
    verified = _verify(job_file, [name for name in formats if made[name].result], on_progress)
    _raise_full_disk([*made.values(), *verified.values()])
    _raise_where_nothing_came([verified.get(name, made[name]) for name in formats])
    report = _report(project, prepared, formats, made, verified, now)
    report |= {"quantization": quantization.to_json(), "model": stamp}
    for item in report["formats"]:
        if item["status"] == "failed":
            shutil.rmtree(folder / item["format"], ignore_errors=True)
    write_report(report, folder)
    write_readme(report, prepared.spec, folder)
    write_clients(folder, project, prepared.spec, report)
    shutil.rmtree(scratch)
    on_progress(1.0, "Export finished")
    return report


def _verify(job_file: Path, names: Sequence[str], on_progress: Progress) -> dict[str, Answer]:
    ordered = sorted(names, key=lambda name: _RUNTIMES.index(FORMATS[name].runtime))
    on_start = _steps("Verifying", ordered, on_progress, 0.5)
    answers: dict[str, Answer] = {}
    for runtime in _RUNTIMES:
        own = [name for name in ordered if FORMATS[name].runtime == runtime]
        answers |= run_formats(_VERIFY, job_file, own, on_start)
    return answers


def _steps(verb: str, names: Sequence[str], on_progress: Progress, begin: float) -> Callable[[str], None]:
    """Return what tells the progress of one half of the work, format by format."""

    def on_start(name: str) -> None:
        share = begin + 0.5 * names.index(name) / len(names)
        on_progress(share, f"{verb}: {FORMATS[name].label}")

    return on_start


def _report(
    project: Project,
    prepared: Prepared,
    formats: Sequence[str],
    made: dict[str, Answer],
    verified: dict[str, Answer],
    now: Callable[[], datetime],
) -> dict[str, Any]:
    rows = [_row(name, made[name], verified.get(name, Answer())) for name in formats]
    return {
        "project": project.name,
        "task": prepared.spec.task,
        "created": now().isoformat(timespec="seconds"),
        "samples": max((row.get("samples", 0) for row in rows), default=0),
        "metric": _metric(prepared.spec),
        "versions": {name: version(name) for name in _PACKAGES},
        "formats": rows,
    }


def _metric(spec: DataSpec) -> str:
    if spec.predicts_boxes or TASKS[spec.task].free_steps:
        return TASKS[spec.task].metric
    if spec.predicts_labels:
        return "label_accuracy"
    return "mean_absolute_error" if spec.predicts_numbers else "accuracy"


def _row(name: str, made: Answer, verified: Answer) -> dict[str, Any]:
    problem = made.problem or verified.problem
    row = {"format": name, "label": FORMATS[name].label, "file": f"{name}/{FORMATS[name].file}", "note": ""}
    row |= made.result or {}
    if problem is not None:
        return {**row, "status": "failed", "problem": problem.to_json()}
    found = verified.result or {}
    notes = (row["note"], found.get("note", ""))
    return {**row, **found, "note": " ".join(note for note in notes if note), "problem": None}


def _check(model: Any, formats: Sequence[str], served: str) -> None:
    if served not in SERVED:
        message = f"A prediction server can hold {', '.join(SERVED)}. Got {shown_value(served)} instead."
        raise stop("unknown_format", message)
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        got = shown_value(", ".join(unknown)) if unknown else "none"
        message = f"Choose export formats among {', '.join(FORMATS)}. Got {got} instead."
        raise stop("unknown_format", message)
    if isinstance(model, (str, os.PathLike)) and not Path(model).is_file():
        message = f"There is no trained model at {model}. Train the model, then export it."
        raise stop("no_model", message)


def _model_file(model: Any, scratch: Path) -> str:
    if isinstance(model, (str, os.PathLike)):
        return str(Path(model).resolve())
    file = scratch / "trained.keras"
    model.save(file)
    return str(file)


def _raise_full_disk(answers: Sequence[Answer]) -> None:
    for answer in answers:
        if answer.problem is not None and answer.problem.code == full_disk().code:
            raise BuilderError([answer.problem])


def _raise_where_nothing_came(answers: Sequence[Answer]) -> None:
    problems = [answer.problem for answer in answers if answer.problem is not None]
    if len(problems) == len(answers):
        # An earlier export is worth more than an empty one.
        raise BuilderError(dict.fromkeys(problems))


def _prefix(target: Path) -> str:
    return f".{target.name}-exporting-{os.getpid()}-"


def _publish(temporary: Path, target: Path) -> None:
    """Put the finished export in the place of an earlier one."""
    temporary.chmod(0o755)
    if target.exists():
        # Renamed first, so that at no moment a mixture of both is offered.
        os.rename(target, temporary / ".replaced")
    os.rename(temporary, target)
    shutil.rmtree(target / ".replaced", ignore_errors=True)


def _remove_abandoned(target: Path) -> None:
    """Remove what exports left behind whose process was killed."""
    for path in target.parent.glob(f".{target.name}-exporting-*"):
        owner = int(path.name.split("-exporting-")[1].split("-")[0])
        if not _alive(owner):
            shutil.rmtree(path, ignore_errors=True)


def _alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _ignore(share: float, text: str) -> None:
    """Tell nobody."""
