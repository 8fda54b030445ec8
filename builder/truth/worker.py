"""The measuring process: ``python -m builder.truth.worker JOB.json FORMAT,FORMAT``.

It asks the Keras model and the exported TFLite files about the same held-out samples, scores them alike,
and finds the blocks in which a quantized file loses its accuracy.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from builder.export import runtimes
from builder.export.agreement import compare
from builder.export.convert import QUANTIZED, Converter
from builder.export.formats import FORMATS, WHOLE_TFLITE, Format
from builder.export.job import Job, chosen_rows
from builder.export.preflight.operators import made_by_block, operators_by_block
from builder.export.report import read_report
from builder.export.samples import numeric_inputs
from builder.export.worker import Step, serve
from builder.outputs import each_output
from builder.truth.exported import ExportedModel
from builder.truth.layers import OWN_SAMPLES, hurting, layer_errors, own_errors, shares
from builder.truth.scores import can_score, class_changes, most_rows, scored
from builder.truth.speed import SAMPLES_FILE, SPECTROGRAMS_FILE

MOST_ROWS, LEAST_ROWS, SECONDS_A_FILE = 2000, 100, 15.0
_TIMED_SAMPLES = 50
# Their operators compute in floats with rounded weights.
_WEIGHTS_ONLY = ("tflite_float16", "tflite_dynamic")


class Measurer(Converter):
    """Measures the TFLite files of one export; what several need is made once."""

    def measure(self, item: Format) -> dict[str, Any]:
        """Return what one file's answers are worth, and where its errors come from."""
        if item.name == "keras":
            return self.keras
        file = self.job.format_folder(item.name) / item.file
        call = (runtimes.litert_behind_spectrogram if item.of_spectrogram else runtimes.litert)(file)
        compared = self._compared(call, item)
        told = {name: compared[name] for name in ("agreement", "agreement_measure", "largest_difference")}
        score = self._score(call) or {
            "metric": compared["metric"],
            "score": compared["metric_export"],
            "classes": {},
            "class_measure": None,
        }
        result = {**told, "score": score["score"], "classes": class_changes(self.keras, score)}
        if item.of_spectrogram:
            spectrograms: dict[str, Any] = self.cut.samples([self._timed])[0]
            np.savez(self.job.scratch / SPECTROGRAMS_FILE, **spectrograms)
        if not item.quantized or item.of_spectrogram:
            # The blocks of a file behind the spectrogram err as they do in the one that hears the sound.
            return {**result, "layers": [], "hurting": []}
        return {**result, **self._layers(item, file.read_bytes())}

    @cached_property
    def rows(self) -> np.ndarray:
        """The held-out samples that everything is asked about."""
        report = read_report(self.job.format_folder("."))
        entries = report["formats"] if report else ()
        times = [
            entry["latency_ms_p50"]
            for entry in entries
            if "latency_ms_p50" in entry and entry["format"] in WHOLE_TFLITE
        ]
        count = most_rows(times, MOST_ROWS, LEAST_ROWS, SECONDS_A_FILE)
        return chosen_rows(self.prepared, "test", count)

    @cached_property
    def keras(self) -> dict[str, Any]:
        """The scores of the Keras model; the samples that others time their files with are written, too."""
        np.savez(self.job.scratch / SAMPLES_FILE, **self._timed)
        own = self._singles[0]
        if can_score(self.prepared.spec.task):
            found = scored(own, self.prepared.each_target[0], self.rows)
        else:
            compared = self._compared(None, FORMATS["keras"])
            found = {"metric": compared["metric"], "score": compared["metric_keras"]}
            found |= {"classes": {}, "class_measure": None}
        return {**found, "samples": len(self.rows)}

    @property
    def _timed(self) -> dict[str, Any]:
        return numeric_inputs(self.prepared, self.rows[:_TIMED_SAMPLES])

    @cached_property
    def _singles(self) -> list[Any]:
        return each_output(self.model)

    @cached_property
    def _reference(self) -> dict[str, np.ndarray]:
        self.write_reference()
        with np.load(self.job.scratch / "reference.npz") as saved:
            return {name: saved[name] for name in saved.files}

    def _score(self, call: runtimes.Call) -> dict[str, Any] | None:
        if not can_score(self.prepared.spec.task):
            return None
        exported = ExportedModel(self._singles[0], call, 0)
        return scored(exported, self.prepared.each_target[0], self.rows)

    def _compared(self, call: runtimes.Call | None, item: Format) -> dict[str, Any]:
        """Return the agreement with the Keras model; without a file, that of the Keras model with itself."""
        rows, outputs = self._reference["rows"], self._reference["outputs_0"]
        if call is not None:
            arrays = numeric_inputs(self.prepared, rows)
            answers = ExportedModel(self._singles[0], call, 0)
            inputs = [arrays[tensor.name] for tensor in answers.inputs]
            outputs = answers.predict_on_batch(inputs)
        return compare(
            self._reference["outputs_0"],
            outputs,
            self._reference["targets_0"],
            self.prepared.spec.each_target[0],
            self.activations[0],
            item.quantized,
        )

    def _layers(self, item: Format, content: bytes) -> dict[str, Any]:
        made = made_by_block(self.tflite, self.layers, self.last)
        samples = self._samples
        ratios = layer_errors(self.tflite, content, samples, made)
        whole = operators_by_block(content, self.layers, self.last)
        # What only moves values makes no error of its own; what computes in floats hardly any.
        rounded = [block for block in made if whole.get(block, {}).get("whole") or item.name in _WEIGHTS_ONLY]
        blocks = [block for block in rounded if block not in self.job.quantization.keep_float]
        suspects = sorted(blocks, key=lambda block: ratios.get(block, 0.0))
        parts = shares(own_errors(self.tflite, suspects, lambda block: self._alone(item, block), samples))
        rows = [
            {
                "block": block,
                "decibels": ratios.get(block),
                "share": parts.get(block),
                "float": block not in suspects,
            }
            for block in made
            if block in whole
        ]
        return {"layers": rows, "hurting": hurting(parts)}

    @cached_property
    def _samples(self) -> list[dict[str, np.ndarray]]:
        rows = self.rows[:OWN_SAMPLES]
        arrays = numeric_inputs(self.prepared, rows)
        return [{name: values[[place]] for name, values in arrays.items()} for place in range(len(rows))]

    def _alone(self, item: Format, block: str) -> bytes:
        """Return the file in which one block is quantized and all others stay float."""
        others = [other for other in dict.fromkeys(self.layers.values()) if other != block]
        traits = replace(self.traits, kept=self.kept(others))
        return QUANTIZED[item.name](self.tflite, traits, self.calibration)


def open_job(job: Job) -> Step:
    """Load the model and return the function that measures one file."""
    return Measurer(job).measure


if __name__ == "__main__":
    serve(open_job)
