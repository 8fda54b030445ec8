"""The body of a request, read no further and no longer than the limits allow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from builder.serving.limits import Limits
from builder.serving.refusals import Refusal, full

Take = Callable[[int], None]
_KINDS = ("application/json", "multipart/form-data", "application/x-www-form-urlencoded", "text/plain")


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


def is_form(request: Request) -> bool:
    """Tell whether a request's body is a form with files; else it is JSON."""
    return _kind(request) == "multipart/form-data"


async def body_of(request: Request, limits: Limits, take: Take) -> bytes:
    """Return a request's body, JSON or a form with files.

    Args:
        take: called with the number of bytes of each piece, before it is kept.

    Raises:
        Refusal: 408, 413, 415 or 503.
    """
    kind = _kind(request)
    # Command-line clients say "form" of whatever they send, unless they are told what it is.
    if kind not in _KINDS:
        message = f"The server reads application/json and multipart/form-data, not {kind[:60]}."
        raise Refusal(415, "unknown_type", message)
    try:
        return await asyncio.wait_for(_body(request, limits.body_bytes, take), limits.seconds)
    except TimeoutError as error:
        message = f"The request's body did not arrive within {limits.seconds:g} seconds."
        raise Refusal(408, "slow_body", message) from error


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()


async def _body(request: Request, most: int, take: Take) -> bytes:
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


async def form_sample(request: Request, body: bytes) -> dict[str, Any]:
    """Return the sample whose values are the fields of a form.

    Raises:
        Refusal: 400 where it is no such form.
    """

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    sample: dict[str, Any] = {}
    try:
        async with Request(request.scope, receive).form(max_files=8, max_part_size=len(body) + 1) as form:
            for name, value in form.multi_items():
                sample[name] = await value.read() if isinstance(value, UploadFile) else value
    except (MultiPartException, HTTPException, ValueError, KeyError) as error:
        raise Refusal(400, "bad_form", "The body is no form with files that can be read.") from error
    if not sample:
        raise Refusal(400, "no_instances", "The form is empty. Send the sample's values as its fields.")
    return sample
