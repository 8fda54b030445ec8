"""The verifier process: ``python -m builder.export.verify JOB.json FORMAT,FORMAT``.

It loads every export with its own runtime, asks it about held-out samples, and measures.
"""

from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from builder.data.spec import written_input
from builder.errors import stop
from builder.export import runtimes
from builder.export.agreement import compare, difference_note
from builder.export.formats import Format
from builder.export.job import Job
from builder.export.metadata import check_metadata
from builder.export.samples import raw_inputs
from builder.export.worker import Step, serve
from builder.serving.model import TFLITE_FILE, Description, opened
from builder.serving.steps import STEP_FORMAT

_WARM_UP = 3
_TIMED_CALLS = 60
_BATCH = 64


class Verifier:
    """Verifies the formats of one job against the Keras model's own answers."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.prepared = job.open_prepared()
        with np.load(job.reference) as saved:
            self.reference = {name: saved[name] for name in saved.files}

    def check(self, item: Format) -> dict[str, Any]:
        """Return the measured agreement, scores and latency of one format."""
        file = self.job.format_folder(item.name) / item.file
        served = Description.read(file.parent) if item.name == "server" else None
        is_step = (served.format if served else item.name) == STEP_FORMAT
        call = self._load(item, file, served, is_step)
        arrays = self._arrays(item)
        one_by_one = is_step or item.file == TFLITE_FILE
        outputs = self._answers(call, arrays, 1 if one_by_one else _BATCH)
        first, *further = (
            compare(
                self.reference[f"outputs_{number}"],
                outputs[number],
                self.reference[f"targets_{number}"],
                spec,
                str(self.reference["activations"][number]),
                item.quantized,
            )
            for number, spec in enumerate(self.prepared.spec.each_target)
        )
        steps = outputs[0].shape[1] if is_step else 1
        found = self._together(item, first, further)
        if item.name != "script":
            found |= _latency(call, arrays, steps)
        if steps > 1:
            found["note"] = f"{found['note']} Latency is of one token.".strip()
        if item.of_spectrogram:
            found["note"] = f"{found['note']} Latency is with the spectrogram.".strip()
        return {**found, "samples": len(outputs[0])}

    def _together(self, item: Format, first: dict[str, Any], further: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the comparison of the first output, with those of further ones by their targets' names."""
        spec = self.prepared.spec
        names = [target.name for target in spec.further_targets]
        others = dict(zip(names, further, strict=True))
        note = difference_note({spec.target_name: first, **others}, item.quantized)
        if not further:
            return {**first, "note": note}
        status = "verified" if all(each["status"] == "verified" for each in (first, *further)) else "differs"
        return {**first, "status": status, "further": others, "note": note}

    def _load(self, item: Format, file: Path, served: Description | None, is_step: bool) -> runtimes.Call:
        if is_step:
            model = file.parent / served.file if served else file
            return runtimes.litert_steps(model, written_input(self.prepared.spec))
        if served:
            return opened(file.parent, served).run
        if item.name in ("script", "weights"):
            load_with = runtimes.generated_script if item.name == "script" else runtimes.weights_file
            return load_with(file, Path(self.job.model_file))
        if item.runtime == "litert":
            check_metadata(file.read_bytes(), self.prepared.spec, of_spectrogram=item.of_spectrogram)
        if item.of_spectrogram:
            return runtimes.litert_behind_spectrogram(file)
        load = {
            "litert": runtimes.litert,
            "keras": runtimes.keras_file,
            "tensorflow": runtimes.saved_model,
            "onnxruntime": runtimes.onnx,
        }
        return load[item.runtime](file)

    def _arrays(self, item: Format) -> runtimes.Arrays:
        return self._numeric if item.prepared else self._raw

    @cached_property
    def _numeric(self) -> runtimes.Arrays:
        return self.prepared.arrays_of(self.reference["rows"])

    @cached_property
    def _raw(self) -> runtimes.Arrays:
        return raw_inputs(self.prepared, self.reference["rows"])

    def _answers(self, call: runtimes.Call, arrays: runtimes.Arrays, batch: int) -> list[np.ndarray]:
        count = len(self.reference["rows"])
        if count == 0:
            raise stop("no_samples", "The test part has no rows, so the export could not be verified.")
        # A runtime may write its next answers into the same memory.
        parts = [
            [answer.copy() for answer in call(_slice(arrays, start, batch))]
            for start in range(0, count, batch)
        ]
        return [np.concatenate(answers) for answers in zip(*parts, strict=True)]


def _slice(arrays: runtimes.Arrays, start: int, size: int) -> runtimes.Arrays:
    return {name: values[start : start + size] for name, values in arrays.items()}


def _latency(call: runtimes.Call, arrays: runtimes.Arrays, steps: int) -> dict[str, Any]:
    """Return the median and the 95th percentile of single-sample calls, in milliseconds a step."""
    count = len(next(iter(arrays.values())))
    seconds = []
    for number in range(_WARM_UP + _TIMED_CALLS):
        sample = _slice(arrays, number % count, 1)
        begun = time.perf_counter()
        call(sample)
        seconds.append(time.perf_counter() - begun)
    p50, p95 = np.percentile(np.array(seconds[_WARM_UP:]) * 1000 / steps, [50, 95])
    return {"latency_ms_p50": float(p50), "latency_ms_p95": float(p95)}


def open_job(job: Job) -> Step:
    """Open the samples and return the function that verifies one format."""
    return Verifier(job).check


if __name__ == "__main__":
    serve(open_job)
