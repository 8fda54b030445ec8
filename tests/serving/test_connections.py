"""Connections that bring no request, or take no answer, are closed; others are let be."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from waiting import until

from builder.serving.connections import ImpatientProtocol

LARGE = b"x" * 50_000_000


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer at once, whatever of the body is missing; at /large with more than a connection holds."""
    if scope["type"] == "lifespan":
        return
    body = LARGE if scope["path"] == "/large" else b"here"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


class Hasty(ImpatientProtocol):
    head_seconds, taking_seconds = 0.3, 0.3


@contextmanager
def serving(protocol: type[ImpatientProtocol]) -> Iterator[tuple[uvicorn.Server, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=protocol, lifespan="off", log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield server, listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def connected(port: int, said: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    client.sendall(said)
    return client


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: it\r\nX-Endless: ",
        b"GET / HTTP/1.1\r\nHost: it\r\n\r\nGET / HTTP/1.1\r\nX-Endless: ",
        b"POST / HTTP/1.1\r\nHost: it\r\nContent-Length: 1000\r\n\r\nbegun",
    ],
    ids=["nothing", "half a head", "half a second head", "an unwanted body"],
)
def test_a_connection_without_a_request_is_closed_however_slowly_it_goes_on(said: bytes) -> None:
    with serving(Hasty) as (_, port), connected(port, said) as client:
        stop = threading.Event()

        def go_on() -> None:
            # A byte now and then would keep it open for ever.
            while not stop.wait(0.05):
                try:
                    client.send(b"a")
                except OSError:
                    return

        slow = threading.Thread(target=go_on)
        slow.start()
        try:
            received = b"".join(iter(lambda: client.recv(4096), b""))
        except ConnectionResetError:
            received = b""
        stop.set()
        slow.join()
    assert b"408" not in received


def test_an_answer_that_nobody_takes_is_dropped() -> None:
    with serving(Hasty) as (server, port), connected(port, b"GET /large HTTP/1.1\r\nHost: it\r\n\r\n"):
        until(lambda: server.server_state.total_requests == 1)
        until(lambda: not server.server_state.connections)


def test_a_connection_goes_on_from_request_to_request() -> None:
    with serving(ImpatientProtocol) as (_, port), connected(port, b"") as client:
        for _ in range(3):
            client.sendall(b"GET / HTTP/1.1\r\nHost: it\r\n\r\n")
            answer = b""
            while not answer.endswith(b"here\r\n0\r\n\r\n"):
                answer += client.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200")
