"""Large bodies are read in processes of their own, which hold up nothing and are never left behind."""

import asyncio
import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import stand_in_reading
from fastapi import FastAPI
from small_served import ASKED, served
from waiting import until

from builder.data.prepare import prepare
from builder.data.spec import DataSpec
from builder.errors import BuilderError
from builder.project import DataRecipe
from builder.serving.limits import Limits
from builder.serving.questions import AskedSamples, Body, read_samples
from builder.serving.readers import LARGE_BODY, Readers
from builder.serving.refusals import Refusal

LIMITS = Limits()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prepared")


@pytest.fixture(scope="module")
def spec(cache: Path) -> DataSpec:
    recipe = DataRecipe({"kind": "sample", "name": "adult_income"}, task="classification")
    return prepare(recipe, cache).spec


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let other processes find what stands in for reading."""
    monkeypatch.setenv("PYTHONPATH", str(Path(stand_in_reading.__file__).parent))


def large(instance: Any) -> Body:
    return Body(json.dumps({"instances": [instance]}).encode() + b" " * LARGE_BODY)


def readers_of_this_process() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if child.cmdline()[-1:] == ["builder.serving.reader_process"]
    ]


def test_a_large_body_is_read_as_a_small_one(spec: DataSpec) -> None:
    readers = Readers(read_samples, spec, LIMITS)

    async def both() -> tuple[AskedSamples, AskedSamples]:
        body = large({"age": 40, "workclass": "Privat"})
        return await readers.read(Body(body.content.strip())), await readers.read(body)

    small, other = asyncio.run(both())
    assert small.samples == other.samples == [{"age": 40, "workclass": "Privat"}]
    assert small.arrays.keys() == other.arrays.keys()
    for name, values in small.arrays.items():
        assert (values == other.arrays[name]).all() and values.dtype == other.arrays[name].dtype
    assert len(readers_of_this_process()) == 1
    readers.close()
    assert not readers_of_this_process()


@pytest.mark.parametrize(
    ("instance", "kind", "words"),
    [({"agee": 1}, Refusal, "Did you mean 'age'"), ({"age": "old"}, BuilderError, "must be a number")],
)
def test_what_cannot_be_read_there_is_refused_here(
    spec: DataSpec, instance: Any, kind: type[Exception], words: str
) -> None:
    readers = Readers(read_samples, spec, LIMITS)
    with pytest.raises(kind, match=words):
        asyncio.run(readers.read(large(instance)))
    readers.close()


def test_a_body_that_ends_its_process_is_refused_and_the_next_is_read(spec: DataSpec) -> None:
    readers = Readers(stand_in_reading.die, spec, LIMITS)

    async def three() -> tuple[int, int]:
        with pytest.raises(Refusal, match="want of memory"):
            await readers.read(large("bad"))
        first = await readers.read(large("good"))
        # One that is ended from outside while it has nothing to do is no body's fault.
        os.kill(first, signal.SIGKILL)
        # Its end is there when all its threads have ended, and not when its status says zombie.
        await asyncio.to_thread(os.waitid, os.P_PID, first, os.WEXITED | os.WNOWAIT)
        return first, await readers.read(large("good"))

    first, second = asyncio.run(three())
    assert first != second
    readers.close()


def test_the_process_for_pictures_is_there_before_the_first_one(spec: DataSpec) -> None:
    of_pictures = replace(spec, inputs=(replace(spec.inputs[0], kind="image"),))
    for described, count in ((spec, 0), (of_pictures, 1)):
        readers = Readers(stand_in_reading.wait, described, LIMITS)
        readers.begin()
        until(lambda: len(readers_of_this_process()) == count)  # noqa: B023 (asked within the loop alone)
        begun = [child.pid for child in readers_of_this_process()]
        read_by = asyncio.run(readers.read(large("good")))
        assert begun in ([], [read_by]) and len(readers_of_this_process()) == 1
        readers.close()


def test_what_nobody_waits_for_is_ended_and_takes_no_place(spec: DataSpec) -> None:
    readers = Readers(stand_in_reading.wait, spec, LIMITS)

    async def crowd() -> int:
        bodies = [asyncio.create_task(readers.read(large("endless"))) for _ in range(6)]
        await asyncio.to_thread(until, lambda: len(readers_of_this_process()) == 2)
        for body in bodies:
            body.cancel()
        await asyncio.gather(*bodies, return_exceptions=True)
        return await readers.read(large("good"))

    pid = asyncio.run(crowd())
    until(lambda: [child.pid for child in readers_of_this_process()] == [pid])
    readers.close()


def test_large_requests_hold_up_no_other(cache: Path) -> None:
    texts = {"instances": [f"sample {number} " + "words and more " * 5000 for number in range(40)]}
    total, longest = asyncio.run(held_up(served("sms_spam", cache, LIMITS), json.dumps(texts).encode()))
    assert longest < total / 3
    # One call of Python's JSON reader takes most of this time.
    numbers = b'{"instances": [' + b"{}, " * 1_000_000 + b"{}]}"
    total, longest = asyncio.run(held_up(served("adult_income", cache, LIMITS), numbers))
    assert longest < total / 3


async def held_up(app: FastAPI, body: bytes) -> tuple[float, float]:
    """Return the seconds until a request is answered, and the longest time in which nothing else was done."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://it", timeout=60)
    async with app.router.lifespan_context(app), client:
        asked = asyncio.create_task(client.post(ASKED, content=body))
        begun = before = time.perf_counter()
        longest = 0.0
        while not asked.done():
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, before = max(longest, now - before), now
        assert asked.result().status_code in (200, 413)
    return before - begun, longest
