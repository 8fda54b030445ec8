"""The body of a request, read no further and no longer than the limits allow."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from builder.serving.limits import Limits
from builder.serving.refusals import Refusal
from builder.serving.samples import instances_in


async def instances_of(request: Request, limits: Limits) -> list[Any]:
    """Return the samples in a request's body: JSON, or a form with files, which is one sample.

    Raises:
        Refusal: 400, 408, 413 or 415.
    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    is_form = kind == "multipart/form-data"
    # Command-line clients say "form" of whatever they send, unless they are told what it is.
    if not is_form and kind not in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        message = f"The server reads application/json and multipart/form-data, not {kind[:60]}."
        raise Refusal(415, "unknown_type", message)
    try:
        body = await asyncio.wait_for(_body(request, limits.body_bytes), limits.seconds)
    except TimeoutError as error:
        message = f"The request's body did not arrive within {limits.seconds:g} seconds."
        raise Refusal(408, "slow_body", message) from error
    if is_form:
        return [await _form(request, body)]
    return instances_in(body, limits)


async def _body(request: Request, most: int) -> bytes:
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > most:
        raise _too_large(most)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise _too_large(most)
        parts.append(part)
    return b"".join(parts)


def _too_large(most: int) -> Refusal:
    message = f"The body of a request may have {most / 1e6:,.0f} MB. Send smaller pictures or fewer samples."
    return Refusal(413, "body_too_large", message)


async def _form(request: Request, body: bytes) -> dict[str, Any]:
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
