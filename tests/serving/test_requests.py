"""What a request may be, whatever the model: its time, its end, its headers, and forms that are none."""

import asyncio
import gzip
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from small_served import ASKED, Certain, served

from builder.serving.limits import Limits
from builder.serving.model import Arrays

ROW = json.dumps({"instances": [{"age": 40}]}).encode()
Messages = list[dict[str, Any]]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prepared")


@pytest.fixture(scope="module")
def client(cache: Path) -> Iterator[TestClient]:
    with TestClient(served("adult_income", cache, Limits())) as http:
        yield http


async def hung_up(app: FastAPI, messages: Messages) -> None:
    """Ask in so many messages, and hang up."""

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        """Nobody listens."""

    scope = {"type": "http", "method": "POST", "path": ASKED, "headers": [], "query_string": b""}
    await app({**scope, "http_version": "1.1", "scheme": "http", "root_path": ""}, receive, send)


def test_a_client_that_hangs_up_while_it_uploads_leaves_no_trace(
    cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = served("adult_income", cache, Limits())
    with caplog.at_level(logging.INFO), TestClient(app) as http:
        asyncio.run(hung_up(app, [{"type": "http.request", "body": ROW[:9], "more_body": True}]))
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert 'requests_total{status="499"} 1.0' in http.get("/metrics").text
        assert "requests_waiting 0.0" in http.get("/metrics").text


class Held(Certain):
    """Answers when it may."""

    may_answer = threading.Event()

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        assert self.may_answer.wait(60)
        return super().run(arrays)


def test_a_request_is_given_up_when_its_client_hangs_up(cache: Path) -> None:
    app = served("adult_income", cache, Limits(), Held)

    async def asked() -> None:
        async with app.router.lifespan_context(app):
            # It comes back although the model has not answered.
            await hung_up(app, [{"type": "http.request", "body": ROW, "more_body": False}])
            Held.may_answer.set()

    asyncio.run(asked())


class Slow(Certain):
    """Takes a moment."""

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        time.sleep(0.3)
        return super().run(arrays)


def test_the_time_of_a_request_counts_its_body_and_its_answer_together(cache: Path) -> None:
    app = served("adult_income", cache, Limits(seconds=0.5), Slow)

    async def body() -> AsyncIterator[bytes]:
        yield ROW[:9]
        await asyncio.sleep(0.3)
        yield ROW[9:]

    async def asked() -> httpx.Response:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://it")
        async with app.router.lifespan_context(app), client:
            return await client.post(ASKED, content=body())

    answer = asyncio.run(asked())
    assert answer.status_code in (408, 503) and "0.5 seconds" in answer.json()["error"]


@pytest.mark.parametrize("place", ["/", "/docs", "/health", "/metrics", "/openapi.json", "/v1/models/it"])
def test_what_can_be_asked_for_can_be_looked_for(client: TestClient, place: str) -> None:
    assert client.head(place).status_code == 200
    assert client.head(place).headers["Content-Length"] == client.get(place).headers["Content-Length"]


@pytest.mark.parametrize(
    ("method", "place", "allowed"),
    [("GET", ASKED, "POST"), ("OPTIONS", ASKED, "POST"), ("PUT", "/health", "GET")],
)
def test_a_wrong_method_is_told_the_right_one(
    client: TestClient, method: str, place: str, allowed: str
) -> None:
    answer = client.request(method, place)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    assert allowed in answer.json()["error"] and method in answer.json()["error"]
    assert client.head(ASKED).status_code == 405


def test_a_compressed_body_is_told_to_come_as_it_is(client: TestClient) -> None:
    answer = client.post(ASKED, content=gzip.compress(ROW), headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unknown_encoding")
    assert "gzip" in answer.json()["error"]
    assert client.post(ASKED, content=ROW, headers={"Content-Encoding": "identity"}).status_code == 200


def field(name: str, value: bytes, more: str = "") -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"


AGE, END = field("age", b"40"), b"--x--\r\n"
BAD_FORMS: dict[str, tuple[bytes, str]] = {
    "cut off in a field": (AGE + field("workclass", b"Pri").rstrip(), "cut off"),
    "without an end": (AGE, "cut off"),
    "a field twice": (AGE + AGE + END, "'age' twice"),
    "a field thousands of times": (AGE * 100_000 + END, "'age' twice"),
    "thousands of fields": (b"".join(field(f"a{n}", b"") for n in range(1001)) + END, "more than 1,000"),
    "no name": (b"--x\r\nContent-Disposition: form-data\r\n\r\n40\r\n" + END, "no form that can be read"),
    "no text": (field("workclass", b"\xff\xfe") + END, "UTF-8"),
    "no text as a name": (AGE.replace(b"age", b"\xff") + END, "UTF-8"),
    "an unknown packing": (
        field("age", b"40").replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: zip\r\n\r\n") + END,
        "no form that can be read",
    ),
    "half a base64": (
        field("age", b"4").replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n") + END,
        "no form that can be read",
    ),
    "endless headers": (b"--x\r\n" + b"A: b\r\n" * 10_000 + END, "no form that can be read"),
    "nothing": (END, "empty"),
}


@pytest.mark.parametrize("name", BAD_FORMS)
def test_a_form_that_cannot_be_read_is_refused_in_words(client: TestClient, name: str) -> None:
    body, words = BAD_FORMS[name]
    answer = client.post(ASKED, content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, words in answer.json()["error"]) == (400, True), answer.text


def test_a_form_without_a_boundary_is_refused_and_a_good_one_is_answered(client: TestClient) -> None:
    def asked(kind: str) -> httpx.Response:
        return client.post(ASKED, content=AGE + END, headers={"Content-Type": kind})

    assert asked("multipart/form-data").status_code == 400
    good = asked("multipart/form-data; boundary=x; charset=nonsense")
    assert good.status_code == 200 and good.json() == client.post(ASKED, content=ROW).json()
