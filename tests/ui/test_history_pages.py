"""History, comparison, sharing and the library as pages: what they say, and what their buttons do."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from builder.project import load_preset
from builder.share import payload
from builder.ui import own_blocks, services

from .conftest import MAIN
from .page_words import button, newest, saved, words

Open = Callable[..., AppTest]
PAIR = {
    "label": "Pair",
    "graph": {
        "nodes": [
            {"id": "x", "kind": "tensor_input.v1"},
            {"id": "dense", "kind": "dense.v1"},
            {"id": "y", "kind": "output.v1"},
        ],
        "edges": [{"source": "x", "target": "dense"}, {"source": "dense", "target": "y"}],
    },
}


def edit(project_id: str, **changes: Any) -> None:
    project = saved(project_id)
    services.store().save_project(project_id, replace(project, **changes).to_json())


def with_units(project_id: str, value: int) -> None:
    edits = [{"op": "set_parameter", "id": "lstm", "name": "units", "value": value}]
    edit(project_id, model=saved(project_id).model.edited(edits))


def canvases(at: AppTest) -> list[dict[str, Any]]:
    """Return what is sent to every canvas on the page."""
    sent = [json.loads(item.proto.json) for item in at.get("bidi_component")]
    return [data for data in sent if "docVersion" in data]


def captions(at: AppTest) -> list[str]:
    [radio] = [item for item in at.radio if item.label == "Versions"]
    return [caption.replace("\\", "") for caption in radio.proto.captions]


def open_address(**parameters: str) -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=30)
    for name, value in parameters.items():
        at.query_params[name] = value
    return at.run()


def test_the_history_tells_every_step_in_words(open_page: Open, project_id: str) -> None:
    with_units(project_id, 32)
    edit(project_id, training={**saved(project_id).training, "epochs": 77})
    at = open_page("history")
    assert not at.exception
    told = captions(at)
    assert told[0].startswith("Epochs ") and told[0].endswith("→ 77")
    assert "of 'lstm'" in told[1] and told[1].endswith("→ 32")
    assert told[2] == "The project as it began"
    assert button(at, "Restore this version").disabled, "the newest is the present one"


def test_a_version_is_shown_compared_named_and_restored_and_that_can_be_undone(
    open_page: Open, project_id: str
) -> None:
    before = saved(project_id)
    with_units(project_id, 32)
    after = saved(project_id)
    at = open_page("history")
    at.radio[0].set_value(services.store().versions(project_id)[1].sequence).run()
    assert not at.exception
    assert canvases(at)[0]["marks"] == {"lstm": "changed"}
    assert canvases(at)[0]["readOnly"]
    assert "→ 32" in words(at)

    name = next(item for item in at.text_input if item.label == "Name of this version")
    name.set_value("the first").run()
    assert services.store().versions(project_id)[1].name == "the first"

    button(at, "Restore this version").click().run()
    assert not at.exception
    assert saved(project_id) == before
    assert captions(at)[0].startswith("Restored the version of ")
    assert len(services.store().versions(project_id)) == 3

    button(at, "Undo the restore").click().run()
    assert saved(project_id) == after
    assert len(services.store().versions(project_id)) == 4
    assert not at.toast, "one's own restore is not told as another tab's"


def test_a_restored_document_reaches_the_forms_and_the_canvas(open_page: Open, project_id: str) -> None:
    edit(project_id, training={"epochs": 41})
    at = open_page("train")
    assert next(item for item in at.number_input if item.label == "Epochs").value == 41
    edit_version = canvas_version(at, project_id)
    at.switch_page("views/history.py").run()
    at.radio[0].set_value(services.store().versions(project_id)[1].sequence).run()
    button(at, "Restore this version").click().run()
    at.switch_page("views/train.py").run()
    epochs = next(item for item in at.number_input if item.label == "Epochs").value
    assert epochs == load_preset("text/lstm").training_settings()["epochs"] != 41
    assert canvas_version(at, project_id) != edit_version


def canvas_version(at: AppTest, project_id: str) -> str:
    at.switch_page("views/model.py").run()
    version = str(canvases(at)[0]["docVersion"])
    at.switch_page("views/train.py").run()
    return version


def test_the_history_grows_on_demand(open_page: Open, project_id: str) -> None:
    for epochs in range(1, 50):
        edit(project_id, training={"epochs": epochs})
    at = open_page("history")
    assert len(captions(at)) == 40
    button(at, "Show older ones").click().run()
    assert len(captions(at)) == 50 and captions(at)[-1] == "The project as it began"


def test_a_runs_model_can_be_taken_back(open_page: Open, project_id: str, run_id: str) -> None:
    trained = saved(project_id)
    at = open_page("train")
    assert all(item.label != "Take this run's model" for item in at.button), "it is what is there"
    with_units(project_id, 7)
    at = open_page("train")
    button(at, "Take this run's model").click().run()
    assert not at.exception
    assert saved(project_id) == trained
    assert [item.run_id for item in services.store().versions(project_id)] == [None, None, run_id]
    at.switch_page("views/history.py").run()
    assert captions(at)[0].startswith("Restored the project of a run")


def test_two_presets_a_version_and_a_run_can_be_compared(
    open_page: Open, project_id: str, run_id: str
) -> None:
    with_units(project_id, 32)
    at = open_page("compare")
    assert not at.exception
    left, right = at.selectbox
    assert right.value == "now" and left.value.startswith("version:")
    assert [data["marks"] for data in canvases(at)] == [{"lstm": "changed"}] * 2
    assert at.dataframe[0].value["After"].tolist() == ["32"]

    at.selectbox[0].set_value(f"run:{run_id}").run()
    assert [data["marks"] for data in canvases(at)] == [{"lstm": "changed"}] * 2
    at.selectbox[0].set_value("preset:text/transformer").run()
    marks = canvases(at)[0]["marks"]
    assert "removed" in marks.values() and not at.exception
    at.selectbox[0].set_value("now").run()
    assert "The two are the same." in words(at)


def test_another_models_blocks_can_be_used_here(open_page: Open, project_id: str) -> None:
    at = open_page("compare")
    at.selectbox[0].set_value("preset:text/transformer").run()
    button(at, "Use this model here").click().run()
    assert not at.exception
    assert saved(project_id).model == load_preset("text/transformer").model
    assert saved(project_id).data == load_preset("text/lstm").data
    assert services.store().versions(project_id)[0].reason == "restored"


def test_a_project_that_is_deleted_meanwhile_is_told_in_the_comparison(
    open_page: Open, project_id: str
) -> None:
    other = services.store().create_project(load_preset("images/cnn").to_json())
    at = open_page("compare")
    at.selectbox[0].set_value(f"project:{other}").run()
    services.store().delete_project(other)
    at.run()
    assert not at.exception
    assert at.selectbox[0].value != f"project:{other}"


# Sharing


def test_a_shared_link_is_shown_and_becomes_a_project_only_on_demand(project_id: str) -> None:
    shared = replace(load_preset("images/cnn"), name="<script>alert(1)</script>")
    at = open_address(shared=payload(shared))
    assert not at.exception
    assert "Someone has shared a project with you" in words(at)
    assert "\\<script>alert(1)\\</script>" in words(at)
    assert "9 blocks\\: Input, Conv2D" in words(at) and "Handwritten digits" in words(at)
    assert len(services.store().list_projects()) == 1
    button(at, "Make it my project").click().run()
    assert not at.exception
    assert saved(newest()) == shared
    assert "shared" not in at.query_params and at.query_params["project"] == newest()
    assert "### Model" in words(at)


def test_a_shared_link_can_be_left(project_id: str) -> None:
    at = open_address(shared=payload(load_preset("images/cnn")))
    button(at, "Leave it").click().run()
    assert "shared" not in at.query_params and "Someone has shared" not in words(at)
    assert len(services.store().list_projects()) == 1


def test_a_broken_link_is_told_and_harms_nothing() -> None:
    at = open_address(shared="1.<script>")
    assert not at.exception
    assert "cannot be opened" in words(at)
    button(at, "Go on without it").click().run()
    assert "cannot be opened" not in words(at)


def test_a_shared_project_that_needs_data_says_so_and_leads_on(open_page: Open) -> None:
    data = replace(load_preset("text/lstm").data, source={"kind": "csv", "path": "/home/me/reviews.csv"})
    at = open_address(shared=payload(replace(load_preset("text/lstm"), data=data)))
    assert "reviews.csv" in words(at) and "/home/me" not in words(at)
    button(at, "Make it my project").click().run()
    assert saved(newest()).data.source == {"kind": "csv", "file": "reviews.csv"}
    at.switch_page("views/data.py").run()
    assert not at.exception
    assert "reviews.csv" in words(at) and "Choose yours below" in words(at)


def test_a_project_on_an_unknown_sample_opens_on_every_page(open_page: Open) -> None:
    data = replace(load_preset("text/lstm").data, source={"kind": "sample", "name": "no_such_sample"})
    identifier = services.store().create_project(replace(load_preset("text/lstm"), data=data).to_json())
    for page in ("data", "model", "train", "history", "compare"):
        at = open_page(page, project=identifier)
        assert not at.exception, page
    assert "Not here" in words(open_page("data", project=identifier))


def test_the_share_button_offers_link_and_file(open_page: Open) -> None:
    at = open_page("model")
    [link] = [json.loads(item.proto.json) for item in at.get("bidi_component") if "label" in item.proto.json]
    assert "?shared=1." in link["text"]


# The library


def test_own_blocks_are_listed_renamed_removed_and_put_back() -> None:
    services.store().save_block("own.pair", "Pair", {**PAIR, "label": "Pair"})
    at = open_address()
    at.switch_page("views/library.py").run()
    assert not at.exception
    assert "`own.pair`" in words(at) and "3 blocks inside" in words(at)
    at.text_input[0].set_value("Two layers").run()
    assert services.store().blocks()[0].label == "Two layers"
    assert services.store().blocks()[0].definition["label"] == "Two layers"
    button(at, "Remove").click().run()
    assert services.store().blocks() == []
    button(at, "Put it back").click().run()
    assert [block.label for block in services.store().blocks()] == ["Two layers"]
    assert not at.exception


def test_the_canvas_saves_and_removes_own_blocks(project_id: str) -> None:
    graph = saved(project_id).model
    assert own_blocks.do({"action": "save", "kind": "own.pair", "definition": PAIR}, graph) is None
    assert [entry["kind"] for entry in own_blocks.offered()] == ["own.pair"]
    assert "cannot be the kind" in str(
        own_blocks.do({"action": "save", "kind": "x", "definition": {}}, graph)
    )
    assert own_blocks.do({"action": "remove", "kind": "own.pair"}, graph) is None
    assert "no block" in str(own_blocks.do({"action": "remove", "kind": "own.pair"}, graph))


def test_a_saved_block_takes_the_own_blocks_in_it_along(project_id: str) -> None:
    kind = f"own.b{uuid.uuid4().hex}"
    nodes = [
        {**node, "kind": "own.pair"} if node["id"] == "dense" else node for node in PAIR["graph"]["nodes"]
    ]
    outer = {"label": "Outer", "graph": {**PAIR["graph"], "nodes": nodes}}
    graph = saved(project_id).model.with_definition("own.pair", PAIR)
    assert own_blocks.do({"action": "save", "kind": kind, "definition": outer}, graph) is None
    assert {block.kind for block in services.store().blocks()} == {kind, "own.pair"}


@pytest.mark.parametrize("asked", [{}, {"action": "burn"}, {"action": "save"}, {"action": "save", "kind": 5}])
def test_an_odd_request_of_the_canvas_changes_nothing(project_id: str, asked: dict[str, Any]) -> None:
    own_blocks.do(asked, saved(project_id).model)
    assert services.store().blocks() == []
