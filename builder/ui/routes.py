"""Routes beside the pages: shapes and problems for the canvas, metrics for the live chart.

Streamlit's own protections do not reach custom routes, so each request must carry this process's
token, come from a page of this very host, and stay small.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

import builder
from builder.errors import BuilderError, Problem
from builder.project import Project
from builder.ui import questions
from builder.ui.services import TOKEN, store
from builder.ui.work import UNEXPECTED

TOKEN_HEADER = "X-Kerablocks-Token"
CATALOGUE = Path(builder.__file__).parent / "blocks" / "catalogue.json"
MAXIMUM_BODY_BYTES = 5_000_000
METRICS_AT_ONCE = 20_000
EVENTS_SHOWN = 20

Endpoint = Callable[[Request], Awaitable[Response]]


class Refused(Exception):
    """A request that is answered with a status and one sentence."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


def guarded(endpoint: Endpoint) -> Endpoint:
    """Return the endpoint behind the checks of token, host and origin, with errors in words."""

    async def guard(request: Request) -> Response:
        try:
            _check_sender(request)
            return await endpoint(request)
        except Refused as refused:
            return _sentence(refused.status, str(refused))
        except BuilderError as error:
            return _sentence(404, str(error))

    return guard


@guarded
async def infer(request: Request) -> Response:
    """Answer ``{"projectId", "rev", "graph"}`` with that revision's shapes, counts and problems."""
    body = await _json_body(request)
    project = await run_in_threadpool(_project, body.get("projectId"))
    graph = body.get("graph")
    if not isinstance(graph, dict):
        raise Refused(400, "The request needs a 'graph'.")
    answer = await run_in_threadpool(questions.inference, project, graph)
    result = answer.value if answer.state == "ready" else _without_result(answer.problems)
    return JSONResponse({"rev": body.get("rev"), **result})


@guarded
async def catalogue(request: Request) -> Response:
    """Answer with the catalogue of blocks."""
    return FileResponse(CATALOGUE, media_type="application/json")


@guarded
async def metrics(request: Request) -> Response:
    """Answer with a run's metrics after a sequence number, and its present state."""
    after = request.query_params.get("after", "0")
    if not after.isdigit():
        raise Refused(400, "'after' must be a whole number.")
    return JSONResponse(await run_in_threadpool(_metrics, request.path_params["run_id"], int(after)))


ROUTES = [
    Route("/api/infer", infer, methods=["POST"]),
    Route("/api/catalogue", catalogue, methods=["GET"]),
    Route("/api/runs/{run_id}/metrics", metrics, methods=["GET"]),
]


def _check_sender(request: Request) -> None:
    given = request.headers.get(TOKEN_HEADER, "")
    if not hmac.compare_digest(given.encode(), TOKEN.encode()):
        raise Refused(403, "This page is out of date. Reload it.")
    host = request.headers.get("host", "")
    if not _host_allowed(host):
        raise Refused(403, f"The host name '{host[:80]}' is not allowed.")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        raise Refused(403, "The request comes from another site.")


def _host_allowed(host: str) -> bool:
    allowed = st.get_option("server.allowedHosts")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return bool(name) and (not allowed or "*" in allowed or name in allowed)


async def _json_body(request: Request) -> dict[str, Any]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_BODY_BYTES:
            raise Refused(413, "The model is too large to be checked.")
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The request is not valid JSON.") from error
    if not isinstance(data, dict):
        raise Refused(400, "The request must be a JSON object.")
    return data


def _project(project_id: Any) -> Project:
    if not isinstance(project_id, str):
        raise Refused(400, "The request needs a 'projectId'.")
    return Project.from_json(store().project(project_id).document)


def _metrics(run_id: str, after: int) -> dict[str, Any]:
    run = store().run(run_id)
    records = store().metrics_after(run_id, after, METRICS_AT_ONCE)
    events = store().events(run_id)[-EVENTS_SHOWN:]
    return {
        "next": records[-1].sequence if records else after,
        "rows": [[row.scope, row.step, row.epoch, row.name, row.value] for row in records],
        "run": {
            "status": run.status,
            "progress": run.progress,
            "events": [
                {"kind": event.kind, "message": event.message, "created_at": event.created_at}
                for event in events
            ],
        },
    }


def _without_result(problems: tuple[Problem, ...]) -> dict[str, Any]:
    """Return an answer for a graph that could not be looked at, in the form of one that could."""
    starting = Problem(
        "engine_starting",
        "The data and the engine are getting ready; shapes follow soon.",
        severity="warning",
    )
    shown = problems or (starting,)
    return {"nodes": {}, "problems": [problem.to_json() for problem in shown], "summary": {}}


def _sentence(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message or UNEXPECTED.message}, status_code=status)
