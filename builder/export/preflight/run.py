"""The preflight of an export: the untrained model in every TFLite mode, explained block by block."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.data.prepare import Prepared
from builder.export.formats import FORMATS
from builder.export.job import Job
from builder.export.preflight.verdicts import block_verdicts
from builder.export.process import Answer, run_formats
from builder.project import Project

Progress = Callable[[float, str], None]
FORMATS_TRIED = ("tflite_float32", "tflite_float16", "tflite_dynamic", "tflite_int8")
SECONDS_A_STEP = 120.0
_WORKER = "builder.export.preflight.worker"
_BLOCK = "block:"


def convertibility(
    model: Any, project: Project, prepared: Prepared, blocks: Sequence[str], on_progress: Progress
) -> dict[str, Any]:
    """Return whether an untrained model converts to TFLite, how large it gets, and what each block hinders.

    Args:
        model: the Keras model, built from the project.
        project: the project.
        prepared: its data; a few training samples tell the ranges for int8.
        blocks: the ids of the document's blocks.
        on_progress: called with the done share, 0 to 1, and what is being done.

    Returns:
        ``{"formats": [{"format", "label", "bytes", "problem"}], "blocks": {id: {"tflite", "int8",
        "operators", "words"}}}``. "bytes" is the size of the file, None where "problem" tells why there is
        none. "tflite" is "yes" or "no"; "int8" is "full", "partly", "float" or "no".
    """
    with tempfile.TemporaryDirectory() as folder:
        job_file = _write_job(model, project, prepared, Path(folder))
        answers = _run(job_file, FORMATS_TRIED, on_progress, 0.0, 0.7)
        suspects = _suspects(answers, blocks)
        singles = _run(job_file, suspects, on_progress, 0.7, 0.3) if suspects else {}
    on_progress(1.0, "Conversion tried")
    return {
        "formats": [_row(name, answers[name]) for name in FORMATS_TRIED],
        "blocks": block_verdicts(blocks, answers, singles),
    }


def _write_job(model: Any, project: Project, prepared: Prepared, folder: Path) -> Path:
    model_file = folder / "untrained.keras"
    model.save(model_file)
    job = Job(str(model_file), project.to_json(), str(prepared.folder), str(folder), FORMATS_TRIED)
    job_file = folder / "job.json"
    job.write(job_file)
    return job_file


def _run(
    job_file: Path, steps: Sequence[str], on_progress: Progress, begin: float, width: float
) -> Mapping[str, Answer]:
    def on_start(name: str) -> None:
        on_progress(begin + width * steps.index(name) / len(steps), f"Converting: {_label(name)}")

    return run_formats(_WORKER, job_file, steps, on_start, SECONDS_A_STEP, _label)


def _label(name: str) -> str:
    if name.startswith(_BLOCK):
        _, kind, block = name.split(":", 2)
        return f"{FORMATS[kind].label} of '{block}'"
    return FORMATS[name].label


def _suspects(answers: Mapping[str, Answer], blocks: Sequence[str]) -> list[str]:
    """Return the steps that try each block by itself, for the first format that failed without a name."""
    for name in ("tflite_float32", "tflite_int8"):
        result, problem = answers[name].result or {}, answers[name].problem
        has_failed = problem is not None or result.get("problem") is not None
        named = [item["block"] for item in result.get("unsupported", ()) if item["block"]]
        if has_failed:
            told = (result.get("problem") or {}).get("block")
            return [] if named or told else [f"{_BLOCK}{name}:{block}" for block in blocks]
    return []


def _row(name: str, answer: Answer) -> dict[str, Any]:
    result = answer.result or {}
    problem = result.get("problem") or (answer.problem.to_json() if answer.problem else None)
    return {
        "format": name,
        "label": FORMATS[name].label,
        "bytes": result.get("bytes"),
        "note": result.get("note", ""),
        "problem": problem,
    }
