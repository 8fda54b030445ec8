"""What is the same for all models: requests are admitted, timed, counted, and answered or refused."""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from builder.errors import BuilderError
from builder.serving.bodies import Room, body_of, until_gone
from builder.serving.limits import Limits
from builder.serving.measures import Measures
from builder.serving.model import Description
from builder.serving.questions import Body, Reading
from builder.serving.readers import Readers
from builder.serving.refusals import Refusal, busy, failed, gone, refused, too_slow

# So many large answers are put into words at a time.
_WRITERS = 2
Found = TypeVar("Found")
logger = logging.getLogger("uvicorn.error")


class Answerer(ABC):
    """Answers requests within limits.

    Args:
        description: what is known of the model.
        limits: what is admitted.
        reading: what reads a request's body.
    """

    def __init__(self, description: Description, limits: Limits, reading: Reading) -> None:
        self.description, self.limits, self.measures = description, limits, Measures()
        self.waiting, self._room = 0, Room(limits.held_bytes)
        self._readers = Readers(reading, description.spec, limits)
        self._threads = ThreadPoolExecutor(_WRITERS, "answers")

    @abstractmethod
    def model_at_work(self) -> AbstractAsyncContextManager[None]:
        """Have the model work for requests in the meantime."""

    @abstractmethod
    async def answered(self, asked: Any, request: Request) -> Response:
        """Return the answer to an admitted request.

        Args:
            asked: what was read from its body.
            request: its headers.

        Raises:
            Refusal: where it cannot be answered.
            BuilderError: where a sample cannot be used, or the model's answer.
        """

    @asynccontextmanager
    async def at_work(self, app: FastAPI) -> AsyncIterator[None]:
        """Work as long as the application runs."""
        self._readers.begin()
        async with self.model_at_work():
            yield
        self._readers.close()

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
            return await self._in_time(request)
        except TimeoutError as error:
            raise too_slow(self.limits.seconds) from error
        except BuilderError as error:
            raise refused(error) from error
        except Refusal:
            raise
        except Exception as error:
            logger.exception("A request failed")
            raise failed() from error
        finally:
            self.waiting -= 1
            self.measures.waiting.set(self.waiting)

    async def _in_time(self, request: Request) -> Response:
        deadline = asyncio.get_running_loop().time() + self.limits.seconds
        with self._room.shared() as take:
            body = await body_of(request, self.limits, take, deadline)
            async with asyncio.timeout_at(deadline):
                return await _while_wanted(request, self._answered(body, request))

    async def _answered(self, body: Body, request: Request) -> Response:
        return await self.answered(await self._readers.read(body), request)


async def _while_wanted(request: Request, work: Coroutine[Any, Any, Response]) -> Response:
    """Return what some work gives, which is given up when the client hangs up."""
    answer, end = asyncio.create_task(work), asyncio.create_task(until_gone(request))
    try:
        await asyncio.wait((answer, end), return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        raise gone()
    finally:
        answer.cancel()
        end.cancel()
        await asyncio.gather(answer, end, return_exceptions=True)
