"""The converter process of the preflight: ``python -m builder.export.preflight.worker JOB.json STEP,STEP``.

A step is a TFLite format of the whole model, or ``block:FORMAT:ID`` for one block by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from builder.export import quantize
from builder.export.convert import Converter
from builder.export.formats import FORMATS, Format
from builder.export.job import Job
from builder.export.preflight.operators import operators_by_block
from builder.export.preflight.owners import unsupported
from builder.export.preflight.single_blocks import block_model, random_samples
from builder.export.tflite import float32
from builder.export.trouble import explain
from builder.export.worker import Step, serve

BLOCK = "block:"


def step_named(name: str) -> Format:
    """Return the step of a name, under that name."""
    if not name.startswith(BLOCK):
        return FORMATS[name]
    _, kind, block = name.split(":", 2)
    return replace(FORMATS[kind], name=name, label=f"{FORMATS[kind].label} of '{block}'")


class Tried(Converter):
    """Converts an untrained model: the sizes are real, and few samples tell the ranges."""

    # The ranges of untrained weights mean nothing; they only have to exist.
    calibration_samples = 16

    def try_step(self, step: Format) -> dict[str, Any]:
        """Do one step; return its size, or why it failed: ``{"bytes", "operators", "problem"}``."""
        try:
            if step.name.startswith(BLOCK):
                return self._try_block(step)
            return self._try_format(step)
        except Exception as error:
            blocks = list(dict.fromkeys(self.layers.values()))
            problem = explain(error, step.label, blocks).to_json()
            named = [
                {"operator": operator, "block": block}
                for operator, block in unsupported(str(error), self.layers)
            ]
            return {"bytes": None, "unsupported": named, "problem": problem}

    def _try_format(self, step: Format) -> dict[str, Any]:
        made = self.make(step)
        content = (self.job.format_folder(step.name) / step.file).read_bytes()
        # The file itself, without what is written beside it.
        result = {"bytes": len(content), "note": made["note"]}
        if step.name != "tflite_int8":
            return result
        operators = operators_by_block(content, self.owners)
        return {**result, "operators": operators, "on_purpose": self._on_purpose()}

    def _on_purpose(self) -> dict[str, str]:
        """Return the blocks that the export leaves in floats by its own choice, with the reason."""
        scaled = (self.layers[name] for name in self.traits.scalings if name in self.layers)
        reasons = dict.fromkeys(scaled, "scaling")
        return {**reasons, **dict.fromkeys(self.makers, "answer")} if self.traits.regression else reasons

    def _try_block(self, step: Format) -> dict[str, Any]:
        _, kind, block = step.name.split(":", 2)
        model = block_model(self.model, block, self.layers)
        if model is None:
            return {"bytes": 0}
        content = float32(model)
        if kind == "tflite_int8":
            traits = quantize.traits_of(model, content, regression=False)
            content = quantize.Rounder(content, traits, random_samples(model, 2)).int8()
        return {"bytes": len(content)}


def open_job(job: Job) -> Step:
    """Load the model and return the function that does one step."""
    return Tried(job).try_step


if __name__ == "__main__":
    serve(open_job, step_named)
