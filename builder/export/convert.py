"""The converter process: ``python -m builder.export.convert JOB.json FORMAT,FORMAT``.

One process makes every format, so that TensorFlow is imported once; it may crash without harm to
the process that started it.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import keras
import numpy as np

import builder.blocks  # noqa: F401  (registers the layers that a saved model may hold)
from builder.data.preprocessing import with_raw_inputs
from builder.errors import BuilderError, stop
from builder.export import quantize
from builder.export.calibration import doubts
from builder.export.client_files import write_client_files
from builder.export.clients import write_sample
from builder.export.formats import FORMATS, INT8, Format
from builder.export.job import AUTO_SERVED, VERIFICATION_SAMPLES, Job, chosen_rows
from builder.export.keras_file import write_keras
from builder.export.metadata import with_metadata
from builder.export.nameless import nameless
from builder.export.preflight.operators import check_parts, kept_patterns
from builder.export.preflight.owners import Owners, block_of_layers
from builder.export.saved_model import write_saved_model
from builder.export.script import write_script
from builder.export.server import slug, write_server
from builder.export.spectrogram import Cut, cut
from builder.export.tflite import float32
from builder.export.trained_int8 import NOTE, trained_int8, trained_ranges
from builder.export.worker import Step, serve
from builder.outputs import each_output, output_activation, predict_arrays
from builder.serving.made_samples import generates
from builder.serving.model import SAVED_MODEL_FOLDER, TFLITE_FILE, Description
from builder.serving.steps import STEP_FORMAT, writes

QUANTIZED = {
    "tflite_float16": quantize.Rounder.float16,
    "tflite_dynamic": quantize.Rounder.dynamic_range,
    "tflite_int8": quantize.Rounder.int8,
}
NOT_A_NUMBER = (
    "The trained model itself answers with values that are no numbers (NaN or infinite), so no export of it "
    "can be right. Train again with a lower learning rate or with gradient clipping."
)
BATCHED = "batched"
_SERVED_NOTES = {
    "saved_model": "Runs the SavedModel, and so needs TensorFlow: the model has layers that TFLite lacks.",
    "tflite_float32": "Answers one sample after the other.",
    STEP_FORMAT: "Writes token by token, and keeps what it has read.",
}


class Converter:
    """Makes the formats of one job; what several formats need is made once."""

    # The person's choice where None.
    calibration_samples: int | None = None

    def __init__(self, job: Job) -> None:
        self.job = job
        self.project = job.open_project()
        self.prepared = job.open_prepared()
        self.model = _opened(Path(job.model_file))
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
        elif item.name == "server":
            note = self._make_server(folder)
        elif item.name == "script":
            write_script(self.project, self.job.open_spec(), file)
        elif item.name == "weights":
            self.model.save_weights(file)
        elif item.name == "tflite_step":
            self._make_step(item, file)
        elif item.name == "onnx":
            self._make_onnx(file)
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
        return self._traits_of(self.model, self.tflite)

    def _traits_of(self, model: keras.Model, tflite: bytes) -> quantize.Traits:
        regression = any(spec.task in ("regression", "count") for spec in self.prepared.spec.each_target)
        return quantize.traits_of(model, tflite, regression)

    @cached_property
    def rounder(self) -> quantize.Rounder:
        return quantize.Rounder(self.tflite, self.traits, self.calibration)

    @cached_property
    def layers(self) -> dict[str, str]:
        """The block of every layer."""
        return block_of_layers(self.project, self.job.open_spec())

    @cached_property
    def makers(self) -> tuple[str, ...]:
        """The block that makes each of the model's outputs."""
        made_by = [output._keras_history.operation.name for output in self.model.outputs]
        return tuple(self.layers.get(name, "") for name in made_by)

    @cached_property
    def owners(self) -> Owners:
        """Whose the operators of the converted model are."""
        inner = {layer.name for layer in self.model._flatten_layers(include_self=False)}
        return Owners(self.layers, inner, self.makers)

    def _kept(self, tflite: bytes) -> tuple[str, ...]:
        """Return the patterns of what the person wants to stay in floats."""
        wanted = self.job.quantization.keep_float
        if not wanted:
            return ()
        # A part may lie before the spectrogram, where a model that was cut begins.
        check_parts(self.tflite, self.owners, wanted)
        return kept_patterns(tflite, self.owners, wanted)

    @cached_property
    def cut(self) -> Cut:
        """The model in two parts, where the spectrogram of its sound is."""
        return cut(self.model, self.prepared.spec)

    @cached_property
    def calibration(self) -> list[dict[str, np.ndarray]]:
        """Training samples one by one: ranges must not be learned from the test part."""
        wanted = self.calibration_samples or self.job.quantization.calibration_samples
        rows = chosen_rows(self.prepared, "train", wanted)
        if not len(rows):
            message = "The training part has no rows, so the ranges for 8 bits cannot be measured on it."
            raise stop("no_calibration", f"{message} Give it a share in the split, and export again.")
        arrays = self.prepared.arrays_of(rows)
        return [{name: values[[place]] for name, values in arrays.items()} for place in range(len(rows))]

    def write_reference(self) -> None:
        """Write what the Keras model itself says about the verification samples, and the first of them."""
        rows = chosen_rows(self.prepared, "test", VERIFICATION_SAMPLES)
        found: dict[str, Any] = {"rows": rows, "activations": self.activations}
        for number, single in enumerate(each_output(self.model)):
            outputs = predict_arrays(single, self.prepared.arrays, rows)
            if not np.isfinite(outputs).all():
                raise stop("not_a_number", NOT_A_NUMBER)
            found[f"outputs_{number}"] = outputs
            found[f"targets_{number}"] = np.asarray(self.prepared.all_targets[number][rows])
        if len(rows):
            write_sample(Path(self.job.folder), self.prepared, int(rows[0]))
        self.job.scratch.mkdir(parents=True, exist_ok=True)
        np.savez(self.job.reference, **found)

    def _make_onnx(self, file: Path) -> None:
        # Here alone, because this converter takes seconds to import.
        from builder.export.onnx_file import write_onnx

        write_onnx(self.model, file, [node["id"] for node in self.job.project["model"]["nodes"]])
        write_client_files(file.parent, self.prepared.spec, self.activations, "onnx")

    def _make_step(self, item: Format, file: Path) -> None:
        if self.prepared.spec.task not in item.tasks:
            raise stop("no_decoding_step", "Only language models and text-to-text models write step by step.")
        file.write_bytes(self._step())
        write_client_files(file.parent, self.prepared.spec, self.activations)

    def _step(self) -> bytes:
        # Here alone, because few models write.
        from builder.export.decoding_step import decoding_step

        return decoding_step(self.model, self.prepared.spec)

    def _tflite_of(self, name: str) -> bytes:
        """Return a TFLite format's bytes, before its metadata."""
        if self.ranges is not None and self._has_trained_ranges(name):
            return trained_int8(self.model, self.ranges)
        if FORMATS[name].of_spectrogram:
            return self._behind_spectrogram()
        if name not in QUANTIZED:
            return self.tflite
        return QUANTIZED[name](self.rounder, self._kept(self.tflite))

    def _behind_spectrogram(self) -> bytes:
        tflite = float32(self.cut.network)
        traits = self._traits_of(self.cut.network, tflite)
        rounder = quantize.Rounder(tflite, traits, self.cut.samples(self.calibration))
        return nameless(rounder.int8(self._kept(tflite)))

    def _has_trained_ranges(self, name: str) -> bool:
        is_trained = name == "tflite_int8" and self.ranges is not None
        return is_trained and not self.job.quantization.keep_float

    def _make_server(self, folder: Path) -> str:
        """Write the server's folder; return how the model in it is run."""
        spec = self.job.open_spec()
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
            # In the place of a generator's data there is the noise that it takes.
            noise=self.prepared.spec.arrays[0] if generates(spec) else None,
        )
        write_server(folder, description)
        return _SERVED_NOTES.get(kind, "") if self.job.served == AUTO_SERVED else ""

    def _served(self) -> tuple[str, bytes | None]:
        """Return what the server's model is, and its TFLite bytes, or None for a SavedModel."""
        if self.job.served != AUTO_SERVED:
            name = self.job.served
            return name, None if name == "saved_model" else self._tflite_of(name)
        if writes(self.prepared.spec):
            with suppress(BuilderError):
                return STEP_FORMAT, self._step()
        # Recurrent layers convert at one sample a call alone, and some layers do not at all.
        with suppress(Exception):
            return BATCHED, float32(self.model, batch=None)
        with suppress(Exception):
            return "tflite_float32", self.tflite
        return "saved_model", None

    def _make_tflite(self, item: Format, file: Path) -> tuple[str, str]:
        label, content, notes = item.label, self._tflite_of(item.name), []
        if self._has_trained_ranges(item.name):
            notes = [NOTE]
        elif item.quantized:
            if self.traits.recurrent and item.name in INT8:
                label = quantize.MIXED_LABEL + (", behind the spectrogram" if item.of_spectrogram else "")
            notes = self._rounding_notes(item)
        spec, project = self.prepared.spec, self.project
        if item.of_spectrogram:
            spec = self.cut.spec
            self.cut.write_front(file.parent)
        file.write_bytes(with_metadata(content, spec, project.name, project.description))
        write_client_files(file.parent, self.prepared.spec, self.activations)
        return label, " ".join(notes)

    def _rounding_notes(self, item: Format) -> list[str]:
        """Return what a person must know of a file whose ranges were measured for it."""
        is_int8, kept = item.name in INT8, self.job.quantization.keep_float
        notes = ["Embedding tables are in 8 bits."] if self.traits.embeddings and not is_int8 else []
        if kept:
            notes.append(f"In 32-bit floats by choice: {', '.join(kept)}.")
        return notes + doubts(self.prepared, len(self.calibration)) if is_int8 else notes


def open_job(job: Job) -> Step:
    """Load the model and return the function that makes one format."""
    converter = Converter(job)
    if not job.reference.exists():
        converter.write_reference()
    return converter.make


def _opened(file: Path) -> keras.Model:
    try:
        return keras.saving.load_model(file, compile=False)
    except (ValueError, TypeError, KeyError, OSError, BadZipFile) as error:
        reason = str(error).strip().split("\n")[0][:200]
        message = (
            f"The trained model's file {file.name} cannot be opened, so nothing can be exported: it is "
            f"damaged, or another version of Keras wrote it. Train the run again. (Keras says: {reason})"
        )
        raise stop("broken_model", message) from error


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


if __name__ == "__main__":
    serve(open_job)
