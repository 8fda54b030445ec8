"""The body of a request, read no further and no longer than the limits allow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fastapi import Request
from starlette.requests import ClientDisconnect

from builder.serving.forms import FORM
from builder.serving.limits import Limits
from builder.serving.questions import Body
from builder.serving.refusals import Refusal, full, gone

Take = Callable[[int], None]
_KINDS = ("application/json", FORM, "application/x-www-form-urlencoded", "text/plain")


class Room:
    """The memory that the bodies of all requests may take together.

    Args:
        most: the bytes.
    """

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0

    @contextmanager
    def shared(self) -> Iterator[Take]:
        """Give what takes some bytes for one body, or refuses them; all are given back at the end."""
        own = 0

        def take(count: int) -> None:
            nonlocal own
            if self._taken + count > self._most:
                raise full(self._most)
            self._taken += count
            own += count

        try:
            yield take
        finally:
            self._taken -= own


async def body_of(request: Request, limits: Limits, take: Take, deadline: float) -> Body:
    """Return a request's body, JSON or a form with files.

    Args:
        take: called with the number of bytes of each piece, before it is kept.
        deadline: the time of the event loop until which the whole of it must be there.

    Raises:
        Refusal: 408, 413, 415, 499 or 503.
    """
    body = Body(b"", request.headers.get("content-type", "application/json"))
    # Command-line clients say "form" of whatever they send, unless they are told what it is.
    if body.kind not in _KINDS:
        message = f"The server reads application/json and {FORM}, not {body.kind[:60]}."
        raise Refusal(415, "unknown_type", message)
    packed = request.headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("", "identity"):
        message = f"The body is compressed ({packed[:60]}), and the server unpacks nothing. Send it as it is."
        raise Refusal(415, "unknown_encoding", message)
    try:
        async with asyncio.timeout_at(deadline):
            return Body(await _content(request, limits.body_bytes, take), body.content_type)
    except ClientDisconnect as error:
        raise gone() from error
    except TimeoutError as error:
        message = f"The request's body did not arrive within {limits.seconds:g} seconds."
        raise Refusal(408, "slow_body", message) from error


async def until_gone(request: Request) -> None:
    """Return when the client hangs up; only for a request whose body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _content(request: Request, most: int, take: Take) -> bytes:
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > most:
        raise _too_large(most)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise _too_large(most)
        take(len(part))
        parts.append(part)
    return b"".join(parts)


def _too_large(most: int) -> Refusal:
    message = f"The body of a request may have {most / 1e6:,.0f} MB. Send smaller pictures or fewer samples."
    return Refusal(413, "body_too_large", message)
