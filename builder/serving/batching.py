"""Requests that come at the same time share one run of the model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import numpy as np

from builder.serving.answering import Answerer
from builder.serving.limits import Limits
from builder.serving.model import Arrays, Description, Model
from builder.serving.questions import Reading


@dataclass(eq=False)
class _Wish:
    arrays: Arrays
    count: int
    answer: asyncio.Future[list[np.ndarray]]


class Batcher:
    """Gathers what waits into batches and runs them one after the other, in one thread.

    Args:
        model: what runs a batch.
        limits: how large a batch may be, and how long it waits for company.
        company: tells whether further requests are on their way, for which a batch should wait.
        on_batch: is told how many samples each batch has.
    """

    def __init__(
        self, model: Model, limits: Limits, company: Callable[[int], bool], on_batch: Callable[[int], None]
    ) -> None:
        self._model, self._limits, self._company, self._on_batch = model, limits, company, on_batch
        self._wishes: asyncio.Queue[_Wish] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, "model")
        self._held: _Wish | None = None

    async def predict(self, arrays: Arrays) -> list[np.ndarray]:
        """Return one array an output for some samples."""
        count = len(next(iter(arrays.values())))
        wish = _Wish(arrays, count, asyncio.get_running_loop().create_future())
        self._wishes.put_nowait(wish)
        return await wish.answer

    async def work(self) -> None:
        """Run batches until cancelled."""
        while True:
            batch = await self._batch()
            if batch:
                await self._answer(batch)

    async def _batch(self) -> list[_Wish]:
        first = self._held or await self._wishes.get()
        self._held = None
        batch, count = [first], first.count
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.batch_seconds
        while count < self._limits.batch:
            following = await self._following(deadline - loop.time(), len(batch))
            if following is None:
                break
            if count + following.count > self._limits.batch:
                self._held = following
                break
            batch.append(following)
            count += following.count
        # Whoever gave up waiting needs no answer.
        return [wish for wish in batch if not wish.answer.done()]

    async def _following(self, seconds: float, gathered: int) -> _Wish | None:
        if not self._wishes.empty():
            return self._wishes.get_nowait()
        if seconds <= 0 or not self._company(gathered):
            return None
        try:
            return await asyncio.wait_for(self._wishes.get(), seconds)
        except TimeoutError:
            return None

    async def _answer(self, batch: list[_Wish]) -> None:
        try:
            outputs = await self._run(batch)
        except Exception as error:
            await self._answer_alone(batch, error)
            return
        start = 0
        for wish in batch:
            if not wish.answer.done():
                wish.answer.set_result([values[start : start + wish.count] for values in outputs])
            start += wish.count

    async def _answer_alone(self, batch: list[_Wish], error: Exception) -> None:
        """Answer each request by itself, so that one that breaks the model hurts no other."""
        for wish in batch:
            if wish.answer.done():
                continue
            if len(batch) == 1:
                wish.answer.set_exception(error)
            else:
                await self._answer([wish])

    async def _run(self, batch: list[_Wish]) -> list[np.ndarray]:
        """Run the model on a batch, in pieces where one request has more samples than a run may have."""
        arrays = _joined([wish.arrays for wish in batch])
        count, most = len(next(iter(arrays.values()))), max(self._limits.batch, 1)
        found: list[list[np.ndarray]] = []
        for start in range(0, count, most):
            if found and all(wish.answer.done() for wish in batch):
                # Nobody waits for the other pieces any more.
                break
            some = {name: values[start : start + most] for name, values in arrays.items()}
            self._on_batch(min(most, count - start))
            loop = asyncio.get_running_loop()
            found.append(await loop.run_in_executor(self._thread, self._model.run, some))
        return found[0] if len(found) == 1 else [np.concatenate(parts) for parts in zip(*found, strict=True)]


def _joined(parts: list[Arrays]) -> Arrays:
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([arrays[name] for arrays in parts]) for name in parts[0]}


class BatchedAnswerer(Answerer):
    """Answers requests with a model that is run on the samples of several of them at once.

    Args:
        description: what is known of the model.
        model: what runs it.
        limits: what is admitted.
        reading: what reads a request's body.
    """

    def __init__(self, description: Description, model: Model, limits: Limits, reading: Reading) -> None:
        super().__init__(description, limits, reading)
        self.batcher = Batcher(
            model, limits, lambda gathered: self.waiting > gathered, self.measures.batch.observe
        )

    @asynccontextmanager
    async def model_at_work(self) -> AsyncIterator[None]:
        """Run batches in the meantime."""
        task = asyncio.create_task(self.batcher.work())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
