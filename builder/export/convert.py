"""The converter process: ``python -m builder.export.convert JOB.json FORMAT,FORMAT``.

One process makes every format, so that TensorFlow is imported once; it may crash without harm to
the process that started it.
"""

from __future__ import annotations

from contextlib import suppress
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
from builder.export.job import AUTO_SERVED, CALIBRATION_SAMPLES, VERIFICATION_SAMPLES, Job, chosen_rows
from builder.export.keras_file import write_keras
from builder.export.samples import numeric_inputs
from builder.export.saved_model import write_saved_model
from builder.export.script import write_script
from builder.export.server import check_served, slug, write_server
from builder.export.tflite import float32
from builder.export.worker import Step, serve
from builder.outputs import each_output, output_activation, predict_arrays
from builder.serving.model import SAVED_MODEL_FOLDER, TFLITE_FILE, Description

_QUANTIZED = {
    "tflite_float16": quantize.float16,
    "tflite_dynamic": quantize.dynamic_range,
    "tflite_int8": quantize.int8,
}
REFERENCE = "reference.npz"
BATCHED = "batched"
_SERVED_NOTES = {
    "saved_model": "Runs the SavedModel, and so needs TensorFlow: the model has layers that TFLite lacks.",
    "tflite_float32": "Answers one sample after the other.",
}


class Converter:
    """Makes the formats of one job; what several formats need is made once."""

    calibration_samples = CALIBRATION_SAMPLES

    def __init__(self, job: Job) -> None:
        self.job = job
        self.project = job.open_project()
        self.prepared = job.open_prepared()
        self.model = keras.saving.load_model(job.model_file, compile=False)
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
        elif item.name == "server":
            note = self._make_server(folder)
        elif item.name == "script":
            write_script(self.project, self.prepared.spec, file)
        else:
            label, note = self._make_tflite(item, file)
        return {"label": label, "bytes": _size(folder if item.name == "server" else file), "note": note}

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

    def _tflite_of(self, name: str) -> bytes:
        if name not in _QUANTIZED:
            return self.tflite
        return _QUANTIZED[name](self.tflite, self.traits, self.calibration)

    def _make_server(self, folder: Path) -> str:
        """Write the server's folder; return how the model in it is run."""
        spec = self.prepared.spec
        check_served(spec)
        kind, content = self._served()
        if content is None:
            write_saved_model(self.end_to_end, self.model, folder / SAVED_MODEL_FOLDER)
        else:
            (folder / TFLITE_FILE).write_bytes(content)
        description = Description(
            name=slug(self.project.name),
            title=self.project.name,
            spec=spec,
            activations=tuple(self.activations),
            file=SAVED_MODEL_FOLDER if content is None else TFLITE_FILE,
            batched=kind in (BATCHED, "saved_model"),
            format="tflite_float32" if kind == BATCHED else kind,
        )
        write_server(folder, description)
        return _SERVED_NOTES.get(kind, "") if self.job.served == AUTO_SERVED else ""

    def _served(self) -> tuple[str, bytes | None]:
        """Return what the server's model is, and its TFLite bytes, or None for a SavedModel."""
        if self.job.served != AUTO_SERVED:
            name = self.job.served
            return name, None if name == "saved_model" else self._tflite_of(name)
        # Recurrent layers convert at one sample a call alone, and some layers do not at all.
        with suppress(Exception):
            return BATCHED, float32(self.model, batch=None)
        with suppress(Exception):
            return "tflite_float32", self.tflite
        return "saved_model", None

    def _make_tflite(self, item: Format, file: Path) -> tuple[str, str]:
        label, note, content = item.label, "", self._tflite_of(item.name)
        if item.name in _QUANTIZED:
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
