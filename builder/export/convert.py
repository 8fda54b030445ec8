"""The converter process: ``python -m builder.export.convert JOB.json FORMAT,FORMAT``.

One process makes every format, so that TensorFlow is imported once; it may crash without harm to
the process that started it.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

import builder.blocks  # noqa: F401  (registers the layers that a saved model may hold)
from builder.data.preprocessing import with_raw_inputs
from builder.export import quantize
from builder.export.client_files import write_client_files
from builder.export.formats import Format
from builder.export.job import CALIBRATION_SAMPLES, VERIFICATION_SAMPLES, Job, chosen_rows
from builder.export.keras_file import write_keras
from builder.export.samples import numeric_inputs
from builder.export.saved_model import write_saved_model
from builder.export.script import write_script
from builder.export.tflite import float32
from builder.export.trained_int8 import NOTE, trained_int8, trained_ranges
from builder.export.worker import Step, serve
from builder.outputs import each_output, output_activation, predict_arrays

_QUANTIZED = {
    "tflite_float16": quantize.float16,
    "tflite_dynamic": quantize.dynamic_range,
    "tflite_int8": quantize.int8,
}
REFERENCE = "reference.npz"


class Converter:
    """Makes the formats of one job; what several formats need is made once."""

    calibration_samples = CALIBRATION_SAMPLES

    def __init__(self, job: Job) -> None:
        self.job = job
        self.project = job.open_project()
        self.prepared = job.open_prepared()
        self.model = keras.saving.load_model(job.model_file, compile=False)
        self.ranges = trained_ranges(Path(job.model_file))
        self.activations = [output_activation(single) for single in each_output(self.model)]

    def make(self, item: Format) -> dict[str, Any]:
        """Make one format in its folder; return its label, size in bytes and a note."""
        folder = self.job.format_folder(item.name)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / item.file
        label, note = item.label, ""
        if item.name == "keras":
            write_keras(self.end_to_end, file)
        elif item.name == "saved_model":
            write_saved_model(self.end_to_end, self.model, file)
        elif item.name == "script":
            write_script(self.project, self.prepared.spec, file)
        else:
            label, note = self._make_tflite(item, file)
        return {"label": label, "bytes": _size(file), "note": note}

    @cached_property
    def end_to_end(self) -> keras.Model:
        return with_raw_inputs(self.model, self.prepared.spec)

    @cached_property
    def tflite(self) -> bytes:
        return float32(self.model)

    @cached_property
    def traits(self) -> quantize.Traits:
        regression = any(spec.task in ("regression", "count") for spec in self.prepared.spec.each_target)
        return quantize.traits_of(self.model, self.tflite, regression)

    @cached_property
    def calibration(self) -> list[dict[str, np.ndarray]]:
        """Training samples one by one: ranges must not be learned from the test part."""
        rows = chosen_rows(self.prepared, "train", self.calibration_samples)
        arrays = numeric_inputs(self.prepared, rows)
        return [{name: values[[place]] for name, values in arrays.items()} for place in range(len(rows))]

    def write_reference(self) -> None:
        """Write what the Keras model itself says about the verification samples."""
        rows = chosen_rows(self.prepared, "test", VERIFICATION_SAMPLES)
        found: dict[str, Any] = {"rows": rows, "activations": self.activations}
        for number, single in enumerate(each_output(self.model)):
            found[f"outputs_{number}"] = predict_arrays(single, self.prepared.arrays, rows)
            found[f"targets_{number}"] = np.asarray(self.prepared.all_targets[number][rows])
        self.job.scratch.mkdir(parents=True, exist_ok=True)
        np.savez(self.job.scratch / REFERENCE, **found)

    def _make_tflite(self, item: Format, file: Path) -> tuple[str, str]:
        label, note, content = item.label, "", self.tflite
        if item.name == "tflite_int8" and self.ranges is not None:
            content, note = trained_int8(self.model, self.ranges), NOTE
        elif item.name in _QUANTIZED:
            content = _QUANTIZED[item.name](content, self.traits, self.calibration)
            if self.traits.recurrent and item.name == "tflite_int8":
                label = quantize.MIXED_LABEL
            if self.traits.embeddings and item.name != "tflite_int8":
                note = "Embedding tables are in 8 bits."
        file.write_bytes(content)
        write_client_files(file.parent, self.prepared.spec, self.activations)
        return label, note


def open_job(job: Job) -> Step:
    """Load the model and return the function that makes one format."""
    converter = Converter(job)
    if not (job.scratch / REFERENCE).exists():
        converter.write_reference()
    return converter.make


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


if __name__ == "__main__":
    serve(open_job)
