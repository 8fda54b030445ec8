"""The routes of the Analyze panel: figures of a revision, and the preflight from idle to its answer."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest

from builder.errors import stop
from builder.jobs.preflight import key_of
from builder.project import load_preset
from builder.runs.files import write_json
from builder.ui import services

from .test_routes import HEADERS, Client

GRAPH = load_preset("text/lstm").model.to_json()


@pytest.fixture
def client() -> Client:
    return Client()


def ask(client: Client, name: str, project_id: str, **body: Any) -> dict[str, Any]:
    asked = {"projectId": project_id, "rev": 3, "graph": GRAPH, **body}
    answer = client.post(f"/api/{name}", json=asked, headers=HEADERS)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_figures_come_with_the_revision_and_the_projects_settings(
    client: Client, project_id: str, engine: Any
) -> None:
    engine.answers["analyze"] = {"blocks": [], "totals": {}}
    answer = ask(client, "analyze", project_id)
    assert (answer["rev"], answer["state"]) == (3, "ready")
    assert answer["figures"] == {"blocks": [], "totals": {}}
    task, asked = engine.asked[-1]
    assert task == "analyze" and asked["settings"]["batch_size"] == 64
    assert asked["spec"]["inputs"][0]["kind"] == "text"


def test_a_failed_analysis_is_answered_with_its_problem(client: Client, project_id: str, engine: Any) -> None:
    engine.answers["analyze"] = stop("engine_crashed", "The memory did not suffice.")
    answer = ask(client, "analyze", project_id)
    assert answer["state"] == "failed" and answer["figures"] is None
    assert answer["problems"][0]["message"] == "The memory did not suffice."


def test_a_preflight_begins_only_when_asked_to(client: Client, project_id: str, engine: Any) -> None:
    engine.answers["preflight"] = {"formats": [], "blocks": {}}
    assert ask(client, "preflight", project_id)["state"] == "idle"
    assert "preflight" not in [task for task, _ in engine.asked]
    answer = ask(client, "preflight", project_id, start=True)
    assert answer["state"] == "ready" and answer["result"] == {"formats": [], "blocks": {}}


def test_a_preflight_at_work_tells_how_far_it_is(
    client: Client, project_id: str, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: Future[Any] = Future()
    submit = engine.submit

    def slow(task: str, **arguments: Any) -> Future[Any]:
        return waiting if task == "preflight" else submit(task, **arguments)

    monkeypatch.setattr(services.work(), "_submit", slow)
    assert ask(client, "preflight", project_id, start=True)["state"] == "working"
    file = services.workspace().preflight_folder / f"{key_of(load_preset('text/lstm'))}.progress.json"
    write_json(file, {"share": 0.4, "words": "Converting: TFLite, int8"})
    # Moving a block asks no other question: the work that goes on is told of all the same.
    moved = {**GRAPH, "nodes": [{**node, "position": [1, 2]} for node in GRAPH["nodes"]]}
    answer = ask(client, "preflight", project_id, graph=moved)
    assert (answer["state"], answer["share"], answer["words"]) == ("working", 0.4, "Converting: TFLite, int8")
    waiting.set_exception(stop("engine_crashed", "It broke down."))
    assert ask(client, "preflight", project_id)["state"] == "failed"


def test_a_kept_answer_is_given_without_asking_the_engine(
    client: Client, project_id: str, engine: Any
) -> None:
    file = services.workspace().preflight_folder / f"{key_of(load_preset('text/lstm'))}.answer.json"
    write_json(file, {"formats": ["kept"]})
    answer = ask(client, "preflight", project_id)
    assert answer["state"] == "ready" and answer["result"] == {"formats": ["kept"]}


def test_after_a_failure_the_preflight_can_be_tried_again(
    client: Client, project_id: str, engine: Any
) -> None:
    engine.answers["preflight"] = stop("engine_crashed", "It broke down.")
    assert ask(client, "preflight", project_id, start=True)["state"] == "failed"
    engine.answers["preflight"] = {"formats": []}
    assert ask(client, "preflight", project_id)["state"] == "failed"
    assert ask(client, "preflight", project_id, start=True)["state"] == "ready"


@pytest.mark.parametrize("name", ["analyze", "preflight"])
def test_strangers_and_bad_bodies_are_refused(client: Client, project_id: str, name: str) -> None:
    body = {"projectId": project_id, "rev": 3, "graph": GRAPH, "start": True}
    path = f"/api/{name}"
    assert client.post(path, json=body, headers={"host": "localhost"}).status_code == 403
    evil = {**HEADERS, "origin": "http://evil.example"}
    assert client.post(path, json=body, headers=evil).status_code == 403
    assert client.get(path, headers=HEADERS).status_code == 405
    for bad in ({**body, "graph": 3}, {**body, "projectId": 3}):
        assert client.post(path, json=bad, headers=HEADERS).status_code == 400
    unknown = {**body, "projectId": "0" * 32}
    assert client.post(path, json=unknown, headers=HEADERS).status_code == 404
