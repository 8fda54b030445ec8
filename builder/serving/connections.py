"""Connections on which nothing is asked, or too slowly, or whose answer nobody takes: they are closed."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
TAKING_SECONDS = 60.0


class ImpatientProtocol(H11Protocol):
    """HTTP on a connection that has only so long to bring the head of its next request.

    Without it, some hundred connections on which a header never ends would keep out everybody else. An answer
    that the client has not taken some time later is dropped, because it takes memory.
    """

    head_seconds, taking_seconds = HEAD_SECONDS, TAKING_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._let_be()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Set the time for the next request, unless it is set or a request is under way."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._let_be()
        elif self._end is None:
            self._end = self.loop.call_later(self.head_seconds, self._close)

    def _close(self) -> None:
        self.transport.close()
        self._end = self.loop.call_later(self.taking_seconds, self.transport.abort)

    def _let_be(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None
