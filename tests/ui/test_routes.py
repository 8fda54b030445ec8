"""The routes answer their own pages, and nobody else."""

import asyncio
import math
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from builder.errors import stop
from builder.runs.records import MetricRow
from builder.ui.routes import MAXIMUM_BODY_BYTES, ROUTES, TOKEN_HEADER
from builder.ui.services import TOKEN, store

HEADERS = {TOKEN_HEADER: TOKEN, "host": "localhost:8501", "origin": "http://localhost:8501"}


class Client:
    """Sends requests to the routes in this process."""

    def __init__(self) -> None:
        self._app = Starlette(routes=ROUTES)

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8501") as client:
                return await client.request(method, path, **given)

        return asyncio.run(send())

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.request("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.request("POST", path, **given)


@pytest.fixture
def client() -> Client:
    return Client()


def infer(client: Client, project_id: str, **changes: str) -> httpx.Response:
    body = {"projectId": project_id, "rev": 7, "graph": {"nodes": [], "edges": []}}
    return client.post("/api/infer", json=body, headers={**HEADERS, **changes})


def test_shapes_come_with_the_revision_that_was_asked_about(
    client: Client, project_id: str, engine: Any
) -> None:
    engine.answers["infer"] = {"nodes": {"dense": {"shape": [None, 8]}}, "problems": [], "summary": {}}
    answer = infer(client, project_id).json()
    assert answer["rev"] == 7
    assert answer["nodes"]["dense"]["shape"] == [None, 8]
    task, asked = engine.asked[-1]
    assert task == "infer" and asked["spec"]["inputs"][0]["kind"] == "text"


def test_a_failed_question_is_answered_with_its_problem(client: Client, project_id: str, engine: Any) -> None:
    engine.answers["infer"] = stop("engine_crashed", "The memory did not suffice.")
    answer = infer(client, project_id).json()
    assert answer["problems"][0]["message"] == "The memory did not suffice."


@pytest.mark.parametrize(
    "changes",
    [
        {TOKEN_HEADER: "wrong"},
        {TOKEN_HEADER: ""},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"host": "evil.example", "origin": "http://evil.example"},
    ],
)
def test_strangers_are_refused(client: Client, project_id: str, changes: dict[str, str]) -> None:
    answer = infer(client, project_id, **changes)
    assert answer.status_code == 403
    assert "error" in answer.json()


def test_every_route_asks_for_the_token(client: Client) -> None:
    for path in ("/api/catalogue", "/api/runs/abc/metrics"):
        assert client.get(path, headers={"host": "localhost"}).status_code == 403


def test_bodies_that_are_too_large_or_no_json_are_refused(client: Client) -> None:
    huge = b'"' + b"a" * MAXIMUM_BODY_BYTES + b'"'
    assert client.post("/api/infer", content=huge, headers=HEADERS).status_code == 413
    for body in (b"{", b"[]", b'{"projectId": 3}', b"[" * 100_000):
        assert client.post("/api/infer", content=body, headers=HEADERS).status_code == 400


def test_an_unknown_project_or_run_is_named(client: Client) -> None:
    assert infer(client, "gone").status_code == 404
    answer = client.get("/api/runs/gone/metrics", headers=HEADERS)
    assert answer.status_code == 404 and "gone" in answer.json()["error"]


def test_the_catalogue_is_the_committed_one(client: Client) -> None:
    kinds = {block["kind"] for block in client.get("/api/catalogue", headers=HEADERS).json()["blocks"]}
    assert {"input.v1", "dense.v1", "classification_head.v1"} <= kinds


def test_a_norm_that_overflowed_does_not_end_the_live_chart(client: Client, project_id: str) -> None:
    run_id = store().create_run(project_id, store().project(project_id).document)
    rows = [("gradient_norm", math.inf), ("gradient_norm", math.nan), ("loss", 0.5)]
    store().write_metrics(run_id, [MetricRow("epoch", 10, 1, name, value) for name, value in rows])
    answer = client.get(f"/api/runs/{run_id}/metrics", headers=HEADERS)
    assert [row[3:] for row in answer.json()["rows"]] == [["loss", 0.5]]


def test_metrics_go_on_after_the_last_one_seen(client: Client, project_id: str) -> None:
    run_id = store().create_run(project_id, store().project(project_id).document)
    store().write_metrics(run_id, [MetricRow("epoch", 10, 1, "loss", 0.5)])
    address = f"/api/runs/{run_id}/metrics"
    first = client.get(address, headers=HEADERS).json()
    assert first["rows"] == [["epoch", 10, 1, "loss", 0.5]]
    assert first["run"]["status"] == "queued"
    store().write_metrics(run_id, [MetricRow("epoch", 20, 2, "loss", 0.25)])
    second = client.get(address, params={"after": first["next"]}, headers=HEADERS).json()
    assert second["rows"] == [["epoch", 20, 2, "loss", 0.25]]
    assert client.get(address, params={"after": "x"}, headers=HEADERS).status_code == 400
