"""Texts that a model writes: it goes on from a beginning, or answers a text, token by token."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from builder.explain.decoding.search import found_answers
from builder.explain.decoding.settings import checked_prompt, checked_question
from builder.explain.decoding.writer import pieces
from builder.serving.answering import LARGE_BODY, Answerer
from builder.serving.bodies import form_sample, is_form
from builder.serving.limits import Limits
from builder.serving.model import Description
from builder.serving.refusals import Refusal
from builder.serving.samples import content_of, instances_in, samples_of, text_name
from builder.serving.steps import Abandoned, ServedTexts


class Writer(Answerer):
    """Answers requests for texts with one model, one request after the other.

    Args:
        description: what is known of the model.
        texts: what the model holds likely next.
        limits: what is admitted.
    """

    def __init__(self, description: Description, texts: ServedTexts, limits: Limits) -> None:
        super().__init__(description, limits)
        self._texts = texts
        self._thread = ThreadPoolExecutor(1, "model")

    @asynccontextmanager
    async def at_work(self, app: FastAPI) -> AsyncIterator[None]:
        """Write what is asked for as long as the application runs."""
        yield
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def answered(self, request: Request, body: bytes) -> Response:
        """Return one text a sample."""
        if is_form(request):
            instances, settings = [await form_sample(request, body)], None
        else:
            instances, settings = await self.done(len(body) > LARGE_BODY, self._read, body)
        spec = self.description.spec
        name = text_name(spec.inputs[0])
        samples = samples_of(spec, instances)
        asked = [_text(sample, name, number) for number, sample in enumerate(samples, start=1)]
        is_given_up = threading.Event()
        try:
            work = asyncio.get_running_loop().run_in_executor(
                self._thread, self._written, asked, settings, is_given_up
            )
            written = await work
        finally:
            is_given_up.set()
        self.measures.predictions.inc(len(written))
        return JSONResponse({"predictions": [{"text": text} for text in written]})

    def _read(self, body: bytes) -> tuple[list[Any], Mapping[str, Any] | None]:
        content = content_of(body)
        settings = content.get("parameters")
        if settings is not None and not isinstance(settings, Mapping):
            message = "'parameters' must be an object such as {\"temperature\": 0.8}, or be left out."
            raise Refusal(422, "bad_parameters", message)
        return instances_in(content, self.limits), settings

    def _written(
        self, asked: list[str], settings: Mapping[str, Any] | None, is_given_up: threading.Event
    ) -> list[str]:
        spec = self.description.spec
        self._texts.is_given_up = is_given_up
        try:
            if spec.task == "text_to_text":
                arrays, values = checked_question(spec, asked, settings)
                return list(found_answers(self._texts, spec, arrays, values))
            checked = [checked_prompt(prompt, settings) for prompt in asked]
            return [
                "".join(pieces(self._texts, spec, prompt, values))
                for prompt, values in zip(asked, checked, strict=True)
            ]
        except Abandoned:
            return []


def _text(sample: Mapping[str, Any], name: str, number: int) -> str:
    text = sample.get(name, sample.get("text"))
    if not isinstance(text, str):
        raise Refusal(422, "bad_sample", f"Sample {number}: '{name}' must be a text.")
    return text
