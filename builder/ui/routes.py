"""Routes beside the pages: shapes and problems for the canvas, metrics for the live chart.

Streamlit's own protections do not reach custom routes, so each request must carry this process's
token, come from a page of this very host, and stay small.
"""

from __future__ import annotations

import hmac
import json
import math
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
from builder.graph import Graph
from builder.jobs.run_weights import weights_file
from builder.project import MODEL, Project
from builder.ui import questions
from builder.ui.services import TOKEN, store
from builder.ui.sides import project_and_side
from builder.ui.work import UNEXPECTED

TOKEN_HEADER = "X-Kerablocks-Token"
CATALOGUE = Path(builder.__file__).parent / "blocks" / "catalogue.json"
MAXIMUM_BODY_BYTES = 5_000_000
METRICS_AT_ONCE = 20_000
EVENTS_SHOWN = 20
RUNS_OFFERED = 30
STARTING = Problem(
    "engine_starting",
    "The data and the engine are getting ready; shapes follow soon.",
    severity="warning",
)

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
    project, side = await run_in_threadpool(_project, body.get("projectId"))
    graph = body.get("graph")
    if not isinstance(graph, dict):
        raise Refused(400, "The request needs a 'graph'.")
    answer = await run_in_threadpool(questions.inference, project, graph, side)
    result = answer.value if answer.state == "ready" else _without_result(answer.problems)
    return JSONResponse({"rev": body.get("rev"), **result})


@guarded
async def analyze(request: Request) -> Response:
    """Answer ``{"projectId", "rev", "graph"}`` with what that revision costs, block by block.

    The answer: ``{"rev", "state", "figures", "problems"}``, "figures" null unless "state" is "ready".
    """
    body = await _json_body(request)
    return JSONResponse({"rev": body.get("rev"), **await run_in_threadpool(_analyze, body)})


@guarded
async def preflight(request: Request) -> Response:
    """Answer ``{"projectId", "rev", "graph", "start"}`` with what its training and export will meet.

    The answer: ``{"rev", "state", "share", "words", "result", "problems"}``. "state" is "idle" where nobody
    asked yet, "working", "ready" or "failed"; with "start" true the work begins.
    """
    body = await _json_body(request)
    return JSONResponse({"rev": body.get("rev"), **await run_in_threadpool(_preflight, body)})


@guarded
async def preview(request: Request) -> Response:
    """Answer with what the blocks of a graph put out for one sample of the project's data.

    The body: ``{"projectId", "client", "rev", "graph", "sample", "part", "weights", "known", "block"}``; see
    ``builder.explain.preview`` for the last five, "weights" being the id of a run or null. The answer has
    the fields given there, and "runs", those whose weights can be used.
    """
    body = await _json_body(request)
    return JSONResponse({"rev": body.get("rev"), **await run_in_threadpool(_preview, body)})


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
    Route("/api/analyze", analyze, methods=["POST"]),
    Route("/api/preflight", preflight, methods=["POST"]),
    Route("/api/preview", preview, methods=["POST"]),
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


def _project(name: Any) -> tuple[Project, str]:
    """Return the project and which of its graphs is asked about."""
    if not isinstance(name, str):
        raise Refused(400, "The request needs a 'projectId'.")
    project_id, side = project_and_side(name)
    return Project.from_json(store().project(project_id).document), side


def _graph(body: dict[str, Any]) -> dict[str, Any]:
    graph = body.get("graph")
    if not isinstance(graph, dict):
        raise Refused(400, "The request needs a 'graph'.")
    return graph


def _analyze(body: dict[str, Any]) -> dict[str, Any]:
    project, side = _project(body.get("projectId"))
    answer = questions.analysis(project, _graph(body), side)
    problems = [problem.to_json() for problem in answer.problems]
    return {"state": answer.state, "figures": answer.value, "problems": problems}


def _preflight(body: dict[str, Any]) -> dict[str, Any]:
    project, side = _project(body.get("projectId"))
    project = project.with_graph(side, Graph.from_json(_graph(body)))
    answer, progress = questions.preflight(project, body.get("start") is True)
    state = "idle" if answer.state == "working" and progress is None else answer.state
    return {
        "state": state,
        **(progress or {"share": 0.0, "words": ""}),
        "result": answer.value,
        "problems": [problem.to_json() for problem in answer.problems],
    }


def _preview(body: dict[str, Any]) -> dict[str, Any]:
    project, side = _project(body.get("projectId"))
    graph, known, run_id = body.get("graph"), body.get("known") or {}, body.get("weights")
    if not isinstance(graph, dict) or not isinstance(known, dict):
        raise Refused(400, "The request needs a 'graph'; 'known' must be an object.")
    # A run's newest weights are those of the model that it keeps.
    runs = _runs_with_weights(project_and_side(body["projectId"])[0]) if side == MODEL else []
    if run_id is not None and run_id not in [run["id"] for run in runs]:
        raise Refused(404, "This project has no run with such weights. Choose another one.")
    answer = questions.preview(
        project,
        f"{body['projectId']}:{str(body.get('client'))[:40]}",
        graph=graph,
        part=body.get("part", "train"),
        index=body.get("sample", 0),
        run_id=run_id,
        known=known,
        block=body.get("block"),
    )
    found = answer.value if answer.state == "ready" else {"blocks": {}, "complete": False}
    waits = () if answer.state == "ready" else answer.problems or (STARTING,)
    return {**found, "problems": [problem.to_json() for problem in waits], "runs": runs}


def _runs_with_weights(project_id: str) -> list[dict[str, Any]]:
    """Return the newest runs of a project that have saved weights."""
    return [
        {"id": run.id, "name": run.name, "status": run.status, "created_at": run.created_at}
        for run in store().list_runs(project_id, limit=RUNS_OFFERED)
        if weights_file(run.id) is not None
    ]


def _metrics(run_id: str, after: int) -> dict[str, Any]:
    run = store().run(run_id)
    records = store().metrics_after(run_id, after, METRICS_AT_ONCE)
    events = store().events(run_id)[-EVENTS_SHOWN:]
    return {
        "next": records[-1].sequence if records else after,
        # JSON has no infinite numbers: a norm that overflowed has no place on a chart either.
        "rows": [
            [row.scope, row.step, row.epoch, row.name, row.value]
            for row in records
            if math.isfinite(row.value)
        ],
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
    shown = problems or (STARTING,)
    return {"nodes": {}, "problems": [problem.to_json() for problem in shown], "summary": {}}


def _sentence(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message or UNEXPECTED.message}, status_code=status)
