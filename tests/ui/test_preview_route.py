"""The preview's route: guarded like the others, and never the same answer for changed weights."""

from typing import Any

import pytest

from builder.errors import stop
from builder.project import load_preset
from builder.ui.routes import MAXIMUM_BODY_BYTES, TOKEN_HEADER
from builder.ui.services import store, workspace

from .test_routes import HEADERS, Client

ANSWER = {"blocks": {"input": {"key": "k"}}, "complete": True, "computed": [], "detail": None}


@pytest.fixture
def client() -> Client:
    return Client()


def ask(client: Client, project_id: str, headers: dict[str, str] | None = None, **wanted: Any) -> Any:
    body = {"projectId": project_id, "client": "c", "rev": 7, "graph": {"nodes": [], "edges": []}, **wanted}
    return client.post("/api/preview", json=body, headers={**HEADERS, **(headers or {})})


def test_an_answer_has_the_revision_and_the_runs_with_weights(
    client: Client, project_id: str, run_id: str, engine: Any
) -> None:
    engine.answers["preview"] = ANSWER
    assert ask(client, project_id).json()["runs"] == []
    (workspace().run_folder(run_id) / "model.keras").write_bytes(b"weights")
    answer = ask(client, project_id, weights=run_id, sample=4, part="test", known={"input": "k"}).json()
    assert answer["rev"] == 7 and answer["blocks"] == ANSWER["blocks"] and answer["problems"] == []
    assert [run["id"] for run in answer["runs"]] == [run_id]
    task, asked = engine.asked[-1]
    wanted = {"run_id": run_id, "index": 4, "part": "test", "known": {"input": "k"}, "block": None}
    assert task == "preview" and wanted.items() <= asked.items()


def test_the_same_question_is_asked_again(client: Client, project_id: str, engine: Any) -> None:
    engine.answers["preview"] = ANSWER
    for _ in range(2):
        ask(client, project_id)
    assert [task for task, _ in engine.asked].count("preview") == 2


def test_what_is_wrong_is_told_as_a_problem(client: Client, project_id: str, engine: Any) -> None:
    engine.answers["preview"] = stop("unknown_sample", "There is no sample 9.")
    answer = ask(client, project_id, sample=9).json()
    assert answer["problems"][0]["message"] == "There is no sample 9." and answer["blocks"] == {}


@pytest.mark.parametrize(
    "headers",
    [
        {TOKEN_HEADER: "wrong"},
        {TOKEN_HEADER: ""},
        {"origin": "http://evil.example"},
        {"host": "evil.example"},
    ],
)
def test_strangers_are_refused(client: Client, project_id: str, headers: dict[str, str], engine: Any) -> None:
    assert ask(client, project_id, headers).status_code == 403
    assert engine.asked == []


def test_a_run_of_another_project_is_refused(client: Client, project_id: str, run_id: str) -> None:
    (workspace().run_folder(run_id) / "model.keras").write_bytes(b"weights")
    other = store().create_project(load_preset("text/lstm").to_json())
    assert ask(client, other, weights=run_id).status_code == 404
    for weights in ("gone", 3, ["a"], {"a": 1}):
        assert ask(client, project_id, weights=weights).status_code == 404


def test_bodies_that_make_no_sense_are_refused(client: Client, project_id: str) -> None:
    huge = b'"' + b"a" * MAXIMUM_BODY_BYTES + b'"'
    assert client.post("/api/preview", content=huge, headers=HEADERS).status_code == 413
    assert ask(client, project_id, graph=3).status_code == 400
    assert ask(client, project_id, known=[1]).status_code == 400
    assert ask(client, "gone").status_code == 404
