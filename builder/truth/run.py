"""One measurement of an export's files from beginning to end."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from builder.data.prepare import Prepared
from builder.errors import BuilderError, stop
from builder.export.formats import FORMATS, WHOLE_TFLITE
from builder.export.job import Job
from builder.export.process import Answer, run_formats
from builder.export.quantization import Quantization
from builder.export.report import read_report
from builder.project import Project
from builder.tasks import TASKS
from builder.truth.boards import verdicts
from builder.truth.micro import micro
from builder.truth.speed import SAMPLES_FILE, SPECTROGRAMS_FILE, speed, threads_here

Progress = Callable[[float, str], None]
_WORKER = "builder.truth.worker"
_KERAS = "keras"
# Scores and layers take most of the time, speed and memory the rest.
_SCORING, _TIMING = 0.7, 0.3


def measure(
    model_file: Path,
    project: Project,
    prepared: Prepared,
    exports: Path,
    on_progress: Progress,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, Any]:
    """Return what the TFLite files of an export are worth, beside the Keras model they were made from.

    Args:
        model_file: the trained model.
        project: the project that it was made from.
        prepared: its data; the test part is asked about.
        exports: the folder that ``builder.export.run`` filled.
        on_progress: called with the done share, 0 to 1, and what is being done. An exception from it ends
            the measurement.
        now: the clock.

    Returns:
        ``{"created", "task", "metric", "larger_is_better", "samples", "threads", "quantization", "keras",
        "variants"}``. A variant is ``{"format", "label", "quantized", "bytes", "score", "change", "classes",
        "agreement", "largest_difference", "layers", "inside", "hurting", "speed", "micro", "boards",
        "problem"}``: "change" is the score's change, positive where it is better; "classes" are those that
        change, with "before", "after", "change"; "layers" are blocks with "decibels" (signal to noise of
        their output), "share" of the whole error, and "float"; "inside" are such rows for the layers inside
        of the worst blocks, such as "encoder/query"; "hurting" names those that make most of the error.

    Raises:
        BuilderError: ``no_export`` where there are no TFLite files; ``not_a_number`` and the like where the
            model itself cannot be asked.
    """
    report = read_report(exports)
    entries = [item for item in (report or {}).get("formats", ()) if _is_measured(item)]
    if report is None or not entries:
        raise stop("no_export", "There are no TFLite files to measure. Export the model to TFLite first.")
    # A folder of its own, so that two measurements of one run do not disturb each other.
    with tempfile.TemporaryDirectory(prefix=".measuring-", dir=exports.parent) as scratch:
        job = _job(model_file, project, prepared, exports, report, entries, scratch)
        job.write(job.scratch / "job.json")
        names = [item["format"] for item in entries]
        scored = run_formats(
            _WORKER, job.scratch / "job.json", [_KERAS, *names], _steps(names, on_progress), label=_label
        )
        keras = _result(scored[_KERAS])
        keras["larger_is_better"] = is_larger_better(keras["metric"], prepared.spec.task)
        variants = [
            _variant(item, scored[item["format"]], keras, job, _told(place, entries, on_progress))
            for place, item in enumerate(entries)
        ]
    on_progress(1.0, "Measured")
    return {
        "created": now().isoformat(timespec="seconds"),
        "task": prepared.spec.task,
        "metric": keras["metric"],
        "larger_is_better": keras["larger_is_better"],
        "class_measure": keras["class_measure"],
        "samples": keras["samples"],
        "threads": threads_here(),
        "quantization": job.quantization.to_json(),
        "keras": {"score": keras["score"], "classes": keras["classes"]},
        "variants": [*_keras_variant(report, keras), *variants],
    }


def is_larger_better(metric: str, task: str) -> bool:
    """Tell whether a larger value of a score is a better one."""
    if metric == TASKS[task].metric:
        return TASKS[task].larger_is_better
    return "accuracy" in metric


def _is_measured(item: Mapping[str, Any]) -> bool:
    return item["format"] in WHOLE_TFLITE and item["status"] != "failed"


def _job(
    model_file: Path,
    project: Project,
    prepared: Prepared,
    exports: Path,
    report: Mapping[str, Any],
    entries: Sequence[Mapping[str, Any]],
    scratch: str,
) -> Job:
    return Job(
        model_file=str(model_file.resolve()),
        project=project.to_json(),
        prepared_folder=str(prepared.folder.resolve()),
        folder=str(exports.resolve()),
        formats=tuple(item["format"] for item in entries),
        quantization=Quantization.from_json(report.get("quantization", {})),
        scratch_folder=scratch,
    )


def _label(name: str) -> str:
    return "The Keras model" if name == _KERAS else FORMATS[name].label


def _steps(names: Sequence[str], on_progress: Progress) -> Callable[[str], None]:
    steps = [_KERAS, *names]

    def on_start(name: str) -> None:
        on_progress(_SCORING * steps.index(name) / len(steps), f"Asking: {_label(name)}")

    return on_start


def _told(place: int, entries: Sequence[Mapping[str, Any]], on_progress: Progress) -> Callable[[], None]:
    def tell() -> None:
        share = _SCORING + _TIMING * place / len(entries)
        on_progress(share, f"Timing: {entries[place]['label']}")

    return tell


def _result(answer: Answer) -> dict[str, Any]:
    if answer.problem is not None:
        raise BuilderError([answer.problem])
    assert answer.result is not None
    return answer.result


def _variant(
    item: Mapping[str, Any], answer: Answer, keras: Mapping[str, Any], job: Job, tell: Callable[[], None]
) -> dict[str, Any]:
    known = FORMATS[item["format"]]
    file = job.format_folder(known.name) / known.file
    row = {"format": known.name, "label": item["label"], "quantized": known.quantized}
    row |= {"bytes": file.stat().st_size, "problem": None}
    if answer.result is None:
        return {**row, "problem": answer.problem and answer.problem.to_json()}
    tell()
    row |= answer.result
    row["change"] = _change(row["score"], keras)
    try:
        row["speed"] = speed(
            file, job.scratch / (SPECTROGRAMS_FILE if known.of_spectrogram else SAMPLES_FILE)
        )
    except BuilderError as error:
        row["speed"], row["problem"] = None, error.problems[0].to_json()
    row["micro"] = micro(file)
    row["boards"] = verdicts(row["bytes"], row["micro"]["arena_bytes"])
    return row


def _change(score: float | None, keras: Mapping[str, Any]) -> float | None:
    before = keras["score"]
    if score is None or before is None:
        return None
    return score - before if keras["larger_is_better"] else before - score


def _keras_variant(report: Mapping[str, Any], keras: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ``.keras`` file as a variant, where it was exported; its speed is that of verification."""
    found = [item for item in report["formats"] if item["format"] == _KERAS and item["status"] != "failed"]
    return [
        {
            "format": _KERAS,
            "label": item["label"],
            "quantized": False,
            "bytes": item["bytes"],
            "score": keras["score"],
            "change": 0.0,
            "latency_ms": item.get("latency_ms_p50"),
            "agreement": 1.0,
            "classes": [],
            "layers": [],
            "inside": [],
            "hurting": [],
            "speed": None,
            "micro": None,
            "boards": [],
            "problem": None,
        }
        for item in found
    ]
