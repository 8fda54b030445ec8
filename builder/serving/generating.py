"""Samples that a generator makes of noise: pictures, or series by the names of their columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from fastapi import Request
from fastapi.responses import JSONResponse, Response

from builder.data.pixels import as_pixels
from builder.explain.finite import check_finite
from builder.explain.made_up import asked_noise
from builder.explain.pictures import png_bytes
from builder.serving.accepting import PNG, prefers
from builder.serving.batching import BatchedAnswerer
from builder.serving.limits import Limits
from builder.serving.made_samples import described, makes_pictures
from builder.serving.model import Description, Model
from builder.serving.questions import read_wish
from builder.serving.refusals import Refusal
from builder.serving.settings_schema import COUNT, settings_of


class Generator(BatchedAnswerer):
    """Answers requests for new samples with one generator.

    Args:
        description: what is known of the model.
        model: what runs it.
        limits: what is admitted.
    """

    def __init__(self, description: Description, model: Model, limits: Limits) -> None:
        super().__init__(description, model, limits, read_wish)
        assert description.noise is not None
        self._noise = description.noise

    async def answered(self, asked: Mapping[str, Any], request: Request) -> Response:
        """Return as many samples as are asked for."""
        is_file = prefers(request.headers.get("accept", ""), PNG)
        usual = {item.name: item.default for item in settings_of(self.description.spec, self.limits)}
        settings = {**usual, **({COUNT: 1} if is_file else {}), **asked}
        noise = asked_noise(self._noise.shape, settings)
        self._check_count(len(noise), is_file)
        (made,) = await self.batcher.predict({self._noise.name: noise})
        answer = await self.done(True, self._worded, made, is_file)
        self.measures.predictions.inc(len(made))
        return answer

    def _check_count(self, count: int, is_file: bool) -> None:
        if count > self.limits.instances:
            message = (
                f"The request asks for {count:,} samples, and {self.limits.instances:,} at most are made at "
                "once. Ask several times, each time with another seed."
            )
            raise Refusal(413, "too_many_instances", message)
        if is_file and not makes_pictures(self.description.spec):
            message = "This generator makes series, not pictures: leave out the header 'Accept: image/png'."
            raise Refusal(406, "not_acceptable", message)
        if is_file and count != 1:
            message = (
                f"An answer as image/png holds one picture, and {count:,} are asked for. Ask for a count of "
                "1, or leave out the header 'Accept: image/png'."
            )
            raise Refusal(406, "not_acceptable", message)

    def _worded(self, made: np.ndarray, is_file: bool) -> Response:
        check_finite(made)
        if is_file:
            return Response(png_bytes(as_pixels(made)[0]), media_type=PNG)
        return JSONResponse({"predictions": described(made, self.description.spec)})
