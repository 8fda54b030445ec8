"""The measuring process: ``python -m builder.truth.worker JOB.json FORMAT,FORMAT``.

It asks the Keras model and the exported TFLite files about the same held-out samples, scores them alike,
and finds the blocks in which a quantized file loses its accuracy.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from builder.export import runtimes
from builder.export.agreement import compare
from builder.export.convert import QUANTIZED, Converter
from builder.export.formats import FORMATS, WHOLE_TFLITE, Format
from builder.export.job import Job, chosen_rows
from builder.export.preflight.operators import (
    made_by_block,
    made_by_part,
    operator_patterns,
    operators_by_block,
    operators_by_part,
)
from builder.export.preflight.owners import is_within
from builder.export.quantization import block_of_part
from builder.export.report import read_report
from builder.export.worker import Step, serve
from builder.outputs import each_output
from builder.truth.exported import ExportedModel
from builder.truth.layers import (
    OWN_SAMPLES,
    hurting,
    hurting_inside,
    layer_errors,
    likeliest_first,
    own_errors,
    shares,
    total_error,
)
from builder.truth.scores import can_score, class_changes, most_rows, scored
from builder.truth.speed import SAMPLES_FILE, SPECTROGRAMS_FILE

MOST_ROWS, LEAST_ROWS, SECONDS_A_FILE = 2000, 100, 15.0
_TIMED_SAMPLES = 50
# Their operators compute in floats with rounded weights.
_WEIGHTS_ONLY = ("tflite_float16", "tflite_dynamic")
# Of an answer with so many decibels of signal to noise, no layer is worth a closer look.
_NEARLY_EXACT = 40.0


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
            return {**result, "layers": [], "inside": [], "hurting": []}
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
        return self.prepared.arrays_of(self.rows[:_TIMED_SAMPLES])

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
            arrays = self.prepared.arrays_of(rows)
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
        made = made_by_block(self.tflite, self.owners)
        ratios = layer_errors(self.tflite, content, self._samples, made)
        whole = operators_by_block(content, self.owners)
        suspects = self._suspects(item, made, whole, ratios)
        errors = self._own_errors(item, {block: self._parts_in(block) for block in suspects})
        is_complete = len(errors) == len(suspects)
        parts = shares(errors, 0.0 if is_complete else total_error(self.tflite, content, self._samples))
        rows = [_row(block, ratios, parts, suspects) for block in made if block in whole]
        inside: list[dict[str, Any]] = []
        # A file of trained ranges is made from other layers: their names do not tell what is inside.
        is_open = not self._has_trained_ranges(item.name)
        if is_open and min(ratios.get(block, 0.0) for block in self.makers) < _NEARLY_EXACT:
            for block in hurting(parts):
                inside += self._inside(item, content, block, errors[block], parts[block])
        if not inside:
            return {"layers": rows, "inside": [], "hurting": hurting(parts)}
        # A block that was looked into is told by what is inside of it.
        leaves = {name: share for name, share in parts.items() if name not in _blocks_of(inside)}
        leaves |= {row["block"]: row["share"] for row in inside}
        return {"layers": rows, "inside": inside, "hurting": hurting_inside(leaves)}

    def _inside(
        self, item: Format, content: bytes, block: str, error: float, share: float
    ) -> list[dict[str, Any]]:
        """Return such rows for the layers inside of a block, the worst first; none where it is one layer.

        A layer with others inside of it, such as attention, is told by what it computes itself.
        """
        made = {part: self._made[part] for part in self._parts_in(block)}
        whole = operators_by_part(content, self.owners)
        ratios = layer_errors(self.tflite, content, self._samples, made)
        suspects = self._suspects(item, made, whole, ratios)
        if len(suspects) < 2:
            return []
        errors = self._own_errors(item, {part: [part] for part in suspects})
        found = shares(errors, 0.0 if len(errors) == len(suspects) else error)
        parts = {part: share * own for part, own in found.items()}
        rows = [_row(part, ratios, parts, suspects) for part in parts]
        return sorted(rows, key=lambda row: -row["share"])

    @cached_property
    def _made(self) -> dict[str, list[list[str]]]:
        return made_by_part(self.tflite, self.owners)

    @cached_property
    def _patterns(self) -> list[tuple[str, str]]:
        return operator_patterns(self.tflite, self.owners)

    @cached_property
    def _chosen(self) -> tuple[str, ...]:
        return self._kept(self.tflite)

    def _parts_in(self, block: str) -> list[str]:
        return [part for part in self._made if is_within(part, block)]

    def _suspects(
        self,
        item: Format,
        made: Collection[str],
        whole: Mapping[str, Mapping[str, list[str]]],
        ratios: Mapping[str, float],
    ) -> list[str]:
        """Return the blocks or parts that may make an error of their own, the likeliest first."""
        # What only moves values makes none; what computes in floats hardly any.
        rounded = [name for name in made if whole.get(name, {}).get("whole") or item.name in _WEIGHTS_ONLY]
        kept = self.job.quantization.keep_float
        chosen = [name for name in rounded if not any(is_within(name, other) for other in kept)]
        return likeliest_first(chosen, ratios)

    def _own_errors(self, item: Format, suspects: Mapping[str, Collection[str]]) -> dict[str, float]:
        """Return what each suspect costs where the parts that belong to it are rounded alone."""
        return own_errors(
            self.tflite, suspects, lambda name: self._alone(item, suspects[name]), self._samples
        )

    @cached_property
    def _samples(self) -> list[dict[str, np.ndarray]]:
        rows = self.rows[:OWN_SAMPLES]
        arrays = self.prepared.arrays_of(rows)
        return [{name: values[[place]] for name, values in arrays.items()} for place in range(len(rows))]

    def _alone(self, item: Format, parts: Collection[str]) -> bytes:
        """Return the file in which some parts are quantized and all others stay float."""
        others = (pattern for part, pattern in self._patterns if part not in parts)
        return QUANTIZED[item.name](self.rounder, (*others, *self._chosen))


def _row(
    name: str, ratios: Mapping[str, float], parts: Mapping[str, float], suspects: Sequence[str]
) -> dict[str, Any]:
    return {
        "block": name,
        "decibels": ratios.get(name),
        "share": parts.get(name),
        "float": name not in suspects,
    }


def _blocks_of(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    return {block_of_part(row["block"]) for row in rows}


def open_job(job: Job) -> Step:
    """Load the model and return the function that measures one file."""
    return Measurer(job).measure


if __name__ == "__main__":
    serve(open_job)
