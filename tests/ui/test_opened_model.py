"""A model from a file: what Home shows of it, and the project that it becomes."""

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from builder.errors import stop
from builder.project import Project
from builder.ui import services

GRAPH = {
    "nodes": [
        {"id": "entry", "kind": "tensor_input.v1", "parameters": {"shape": [4]}},
        {"id": "dense", "kind": "dense.v1"},
    ],
    "edges": [{"source": "entry", "target": "dense"}],
}
ANSWER = {"name": "small", "graph": GRAPH, "parameters": 320, "has_weights": True, "notes": ["A note."]}
Open = Callable[..., AppTest]


def words(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.error, at.info)
    return " ".join(item.value for kind in kinds for item in kind)


def uploaded(at: AppTest, name: str) -> AppTest:
    at.file_uploader(key="open.model").upload(name, b"content").run()
    return at


def test_an_uploaded_model_becomes_a_project_with_its_weights(open_page: Open, engine) -> None:
    engine.answers["open_model"] = ANSWER
    at = uploaded(open_page("home", project=None), "my net.keras")
    assert "320 parameters" in words(at) and "A note." in words(at)
    (button,) = [item for item in at.button if item.label == "Create project from it"]
    button.click().run()
    assert not at.exception
    project = Project.from_json(services.store().project(at.query_params["project"]).document)
    assert project.name == "my net"
    assert [node.id for node in project.model.nodes] == ["entry", "dense"]
    kept = Path(str(project.training["initial_weights"]).removeprefix("file:"))
    assert kept.read_bytes() == b"content"
    assert kept.is_relative_to(services.workspace().uploads_folder)


def test_why_a_model_is_not_opened_is_said(open_page: Open, engine) -> None:
    engine.answers["open_model"] = stop("not_opened", "The layer 'x' holds Python code.", block="x")
    at = uploaded(open_page("home", project=None), "bad.keras")
    assert "holds Python code" in words(at)
    assert "Create project from it" not in [item.label for item in at.button]


def test_a_project_without_data_asks_for_them(open_page: Open, engine) -> None:
    document = Project.from_json(
        {"format": "kerablocks.project", "version": 2, "name": "It", "data": {}, "model": GRAPH}
    )
    found = services.store().create_project(document.to_json())
    at = open_page("data", project=found)
    assert not at.exception
    assert "No data yet" in words(at)
    assert at.button_group[0].label == "What the model learns from"
