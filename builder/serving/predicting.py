"""Predictions: samples of requests that come together share one run of the model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from builder.explain.finite import check_finite
from builder.explain.worded import encoded, worded
from builder.serving.answering import LARGE_BODY, Answerer
from builder.serving.batching import Batcher
from builder.serving.bodies import form_sample, is_form
from builder.serving.limits import Limits
from builder.serving.model import Arrays, Description, Model
from builder.serving.samples import content_of, instances_in, samples_of, unknown_categories


class Predictor(Answerer):
    """Answers requests for predictions with one model.

    Args:
        description: what is known of the model.
        model: what runs it.
        limits: what is admitted.
    """

    def __init__(self, description: Description, model: Model, limits: Limits) -> None:
        super().__init__(description, limits)
        self._has_files = any(item.kind in ("image", "audio") for item in description.spec.inputs)
        self._batcher = Batcher(
            model, limits, lambda gathered: self.waiting > gathered, self.measures.batch.observe
        )

    @asynccontextmanager
    async def at_work(self, app: FastAPI) -> AsyncIterator[None]:
        """Run batches as long as the application runs."""
        task = asyncio.create_task(self._batcher.work())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def answered(self, request: Request, body: bytes) -> Response:
        """Return one prediction a sample."""
        is_large = self._has_files or len(body) > LARGE_BODY
        if is_form(request):
            sample = await form_sample(request, body)
            samples, arrays = await self.done(is_large, self._encoded, [sample])
        else:
            samples, arrays = await self.done(is_large, self._read, body)
        outputs = await self._batcher.predict(arrays)
        answer = await self.done(is_large, self._worded, outputs, arrays, samples)
        self.measures.predictions.inc(len(samples))
        return answer

    def _read(self, body: bytes) -> tuple[list[dict[str, Any]], Arrays]:
        return self._encoded(instances_in(content_of(body), self.limits))

    def _encoded(self, instances: list[Any]) -> tuple[list[dict[str, Any]], Arrays]:
        spec = self.description.spec
        samples = samples_of(spec, instances)
        dtypes = {item.name: item.dtype for item in spec.arrays}
        return samples, {
            name: values.astype(dtypes[name], copy=False) for name, values in encoded(spec, samples).items()
        }

    def _worded(self, outputs: list[np.ndarray], arrays: Arrays, samples: list[dict[str, Any]]) -> Response:
        spec = self.description.spec
        for values in outputs:
            check_finite(values)
        answer: dict[str, Any] = {
            "predictions": worded(spec, outputs, self.description.activations, arrays, samples)
        }
        warnings = unknown_categories(spec, samples)
        return JSONResponse({**answer, "warnings": warnings} if warnings else answer)
