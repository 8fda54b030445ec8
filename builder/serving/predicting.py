"""Predictions: samples of requests that come together share one run of the model."""

from __future__ import annotations

import numpy as np
from fastapi import Request
from fastapi.responses import JSONResponse, Response

from builder.explain.finite import check_finite
from builder.explain.worded import worded
from builder.serving.batching import BatchedAnswerer
from builder.serving.limits import Limits
from builder.serving.model import Description, Model
from builder.serving.questions import AskedSamples, read_samples
from builder.serving.samples import unknown_categories

# Fewer numbers are handled at once sooner than a thread is changed.
_MANY_NUMBERS = 25_000


class Predictor(BatchedAnswerer):
    """Answers requests for predictions with one model.

    Args:
        description: what is known of the model.
        model: what runs it.
        limits: what is admitted.
    """

    def __init__(self, description: Description, model: Model, limits: Limits) -> None:
        super().__init__(description, model, limits, read_samples)

    async def answered(self, asked: AskedSamples, request: Request) -> Response:
        """Return one prediction a sample."""
        outputs = await self.batcher.predict(asked.arrays)
        is_large = _is_large(*asked.arrays.values(), *outputs)
        answer = await self.done(is_large, self._worded, outputs, asked)
        self.measures.predictions.inc(len(asked.samples))
        return answer

    def _worded(self, outputs: list[np.ndarray], asked: AskedSamples) -> Response:
        spec, samples = self.description.spec, asked.samples
        for values in outputs:
            check_finite(values)
        predictions = worded(spec, outputs, self.description.activations, asked.arrays, samples)
        warnings = unknown_categories(spec, samples)
        return JSONResponse({"predictions": predictions, **({"warnings": warnings} if warnings else {})})


def _is_large(*arrays: np.ndarray) -> bool:
    return sum(values.size for values in arrays) > _MANY_NUMBERS
