"""Texts that a model writes: it goes on from a beginning, or answers a text, token by token."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from builder.explain.decoding.search import found_answers
from builder.explain.decoding.settings import checked_prompt, checked_question
from builder.explain.decoding.writer import pieces
from builder.serving.answering import Answerer
from builder.serving.limits import Limits
from builder.serving.model import Description
from builder.serving.questions import AskedTexts, read_texts
from builder.serving.steps import Abandoned, ServedTexts


class Writer(Answerer):
    """Answers requests for texts with one model, one request after the other.

    Args:
        description: what is known of the model.
        texts: what the model holds likely next.
        limits: what is admitted.
    """

    def __init__(self, description: Description, texts: ServedTexts, limits: Limits) -> None:
        super().__init__(description, limits, read_texts)
        self._texts = texts
        self._thread = ThreadPoolExecutor(1, "model")

    @asynccontextmanager
    async def model_at_work(self) -> AsyncIterator[None]:
        """Write what is asked for in the meantime."""
        yield
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def answered(self, asked: AskedTexts, request: Request) -> Response:
        """Return one text a sample."""
        is_given_up = threading.Event()
        try:
            work = asyncio.get_running_loop().run_in_executor(self._thread, self._written, asked, is_given_up)
            written = await work
        finally:
            is_given_up.set()
        self.measures.predictions.inc(len(written))
        return JSONResponse({"predictions": [{"text": text} for text in written]})

    def _written(self, asked: AskedTexts, is_given_up: threading.Event) -> list[str]:
        spec, settings = self.description.spec, asked.settings
        self._texts.is_given_up = is_given_up
        try:
            if spec.task == "text_to_text":
                arrays, values = checked_question(spec, asked.texts, settings)
                return list(found_answers(self._texts, spec, arrays, values))
            checked = [checked_prompt(prompt, settings) for prompt in asked.texts]
            return [
                "".join(pieces(self._texts, spec, prompt, values))
                for prompt, values in zip(asked.texts, checked, strict=True)
            ]
        except Abandoned:
            return []
