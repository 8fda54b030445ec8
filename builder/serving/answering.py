"""What is the same for all models: requests are admitted, timed, counted, and answered or refused."""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from builder.errors import BuilderError
from builder.serving.bodies import Room, body_of
from builder.serving.limits import Limits
from builder.serving.measures import Measures
from builder.serving.model import Description
from builder.serving.refusals import Refusal, busy, refused, too_slow

# Pictures and large bodies are unpacked by so many threads, which bounds the memory that they take.
_DECODERS = 2
# Changing threads takes longer than reading less.
LARGE_BODY = 100_000
Found = TypeVar("Found")
logger = logging.getLogger("uvicorn.error")


class Answerer(ABC):
    """Answers requests within limits.

    Args:
        description: what is known of the model.
        limits: what is admitted.
    """

    def __init__(self, description: Description, limits: Limits) -> None:
        self.description, self.limits, self.measures = description, limits, Measures()
        self.waiting, self._room = 0, Room(limits.held_bytes)
        self._threads = ThreadPoolExecutor(_DECODERS, "samples")

    @abstractmethod
    def at_work(self, app: FastAPI) -> AbstractAsyncContextManager[None]:
        """Work as long as the application runs."""

    @abstractmethod
    async def answered(self, request: Request, body: bytes) -> Response:
        """Return the answer to an admitted request.

        Raises:
            Refusal: where it cannot be answered.
            BuilderError: where a sample cannot be used, or the model's answer.
        """

    async def answer(self, request: Request) -> Response:
        """Return the answer to a request, whatever it is."""
        begun = time.perf_counter()
        try:
            response = await self._admitted(request)
        except Refusal as refusal:
            response = JSONResponse(refusal.to_json(), refusal.status, refusal.headers)
        self.measures.requests.labels(str(response.status_code)).inc()
        self.measures.seconds.observe(time.perf_counter() - begun)
        return response

    async def done(self, is_large: bool, work: Callable[..., Found], *given: Any) -> Found:
        """Return what some work gives, done in a thread where it may hold up other requests."""
        if not is_large:
            return work(*given)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    async def _admitted(self, request: Request) -> Response:
        if self.waiting >= self.limits.waiting:
            raise busy()
        self.waiting += 1
        self.measures.waiting.set(self.waiting)
        try:
            with self._room.shared() as take:
                body = await body_of(request, self.limits, take)
                return await asyncio.wait_for(self.answered(request, body), self.limits.seconds)
        except TimeoutError as error:
            raise too_slow(self.limits.seconds) from error
        except BuilderError as error:
            raise refused(error) from error
        except Refusal:
            raise
        except Exception as error:
            logger.exception("A request failed")
            message = "The server could not answer this request. Its log says why; other requests go on."
            raise Refusal(500, "internal_error", message) from error
        finally:
            self.waiting -= 1
            self.measures.waiting.set(self.waiting)
