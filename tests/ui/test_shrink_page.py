"""The Shrink page: what a recipe does, what it would cut, one click to the new run, before beside after."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from builder.errors import stop
from builder.ui import services

from .page_words import button, words

Open = Callable[..., AppTest]


@pytest.fixture
def planned(engine: Any, project_id: str, run_id: str) -> dict[str, Any]:
    """Let the engine answer with a plan, and return its document."""
    document = dict(services.store().project(project_id).document)
    document["compression"] = {"recipe": "magnitude_pruning", "run": run_id, "settings": {}}
    cut = {"lstm": {"units": (64, 32)}}
    left = {"output": "its units are the model's answers"}
    engine.answers["shrunk"] = {"document": document, "cut": cut, "left": left}
    return document


def test_a_recipe_says_what_it_gains_and_starts_one_run(
    open_page: Open, project_id: str, run_id: str, planned: dict[str, Any]
) -> None:
    at = open_page("shrink")
    assert not at.exception
    assert "No speed" in words(at) and "zeros are still multiplied" in words(at)
    assert "is left as it is: its units are the model" in words(at)
    button(at, "Start the new run").click().run()
    button(at, "Start the new run").click().run()
    made = [item for item in services.store().list_runs(project_id=project_id) if item.id != run_id]
    assert [item.tags for item in made] == [("magnitude pruning",)]
    assert services.store().run_document(made[0].id)["compression"] == planned["compression"]
    assert "It trains like any run" in words(at)
    assert services.store().project(project_id).document.get("compression") is None


def test_settings_and_student_go_into_the_question(
    open_page: Open, project_id: str, run_id: str, engine: Any, planned: dict[str, Any]
) -> None:
    at = open_page("shrink")
    at.radio[0].set_value("distillation").run()
    assert not at.exception
    at.selectbox(key=f"shrink.student.{project_id}").set_value("text/gru").run()
    task, asked = [item for item in engine.asked if item[0] == "shrunk"][-1]
    assert asked["recipe"] == "distillation" and asked["run_id"] == run_id
    assert asked["student"]["name"] != "" and asked["student"]["model"]["nodes"]


def test_a_recipe_that_does_not_fit_is_told_and_cannot_start(
    open_page: Open, run_id: str, engine: Any
) -> None:
    engine.answers["shrunk"] = stop("nothing_to_cut", "No block of this model can be made smaller.")
    at = open_page("shrink")
    assert "No block of this model can be made smaller." in words(at)
    assert button(at, "Start the new run").disabled


def test_before_stands_beside_after(open_page: Open, project_id: str, run_id: str, planned: Any) -> None:
    store = services.store()
    made = store.create_run(project_id, planned)
    sizes = {"parameters": 1234, "bytes": 4936, "layers": []}
    layer = {"layer": "lstm", "weights": 100, "zeros": 80, "values": 21}
    told = {
        "recipe": "magnitude_pruning",
        "run": run_id,
        "left": {},
        "before": {**sizes, "gzip_bytes": 4500, "sparsity": 0.0, "test": {"accuracy": 0.975}},
        "after": {**sizes, "gzip_bytes": 1500, "sparsity": 0.8, "layers": [layer]},
    }
    store.transition(made, ["queued"], "running")
    result = {"test": {"accuracy": 0.97}, "compression": told}
    store.transition(made, ["running"], "finished", result=result)
    at = open_page("shrink")
    at.selectbox[0].set_value(run_id).run()
    assert not at.exception
    table, layers = [item.value for item in at.dataframe if "Before" in item.value or "Zeros" in item.value][
        -2:
    ]
    rows = {row[""]: (row["Before"], row["After"]) for _, row in table.iterrows()}
    assert rows["Accuracy (test)"] == ("97.5%", "97.0%")
    assert rows["Zeros"] == ("0.0%", "80.0%")
    assert list(layers["Zeros"]) == [0.8]
