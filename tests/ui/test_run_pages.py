"""Runs are found and taken back on their page; findings and measurements change the project by one click."""

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from builder.jobs import training
from builder.runs.files import write_json
from builder.ui import services
from builder.ui.sections.findings import FINDINGS_FILE

from .page_words import button, saved, words

Open = Callable[..., AppTest]
RESULT = {"best_epoch": 1, "epochs_run": 2, "metrics": {"val_loss": 0.3}, "last_metrics": {"val_loss": 0.4}}


def finished(project_id: str) -> str:
    store = services.store()
    run_id = store.create_run(project_id, store.project(project_id).document)
    store.transition(run_id, ["queued"], "finished", result=RESULT)
    return run_id


def test_the_list_shows_the_best_epoch_beside_the_last_and_is_searched(
    open_page: Open, project_id: str
) -> None:
    first, _ = finished(project_id), finished(project_id)
    services.store().tag_run(first, ["good"])
    at = open_page("runs")
    assert not at.exception
    listed = at.dataframe[0].value
    assert list(listed["Val loss (best)"]) == [0.3, 0.3] and list(listed["Val loss (last)"]) == [0.4, 0.4]
    at.text_input(key="runs.words").set_value("good").run()
    assert len(at.dataframe[0].value) == 1
    at.text_input(key="runs.words").set_value("no such run").run()
    assert "No run fits" in words(at)


def test_a_deleted_run_is_taken_back(open_page: Open, project_id: str) -> None:
    run_id = finished(project_id)
    training.trash_run(run_id, services.store(), services.workspace())
    at = open_page("runs")
    assert "No run fits" in words(at)
    button(at, "Restore").click().run()
    assert [run.id for run in services.store().list_runs()] == [run_id]


def test_a_finding_offers_its_change_as_a_new_version(open_page: Open, project_id: str) -> None:
    run_id = finished(project_id)
    block = next(node.id for node in saved(project_id).model.nodes if node.kind == "lstm.v1")
    edit = {"op": "set_parameter", "id": block, "name": "units", "value": 7}
    change: dict[str, Any] = {"label": "Lower it", "training": {"learning_rate": 0.5}, "edits": [edit]}
    finding = {"code": "divergence", "title": "It diverges", "words": "From 1 to 2.", "change": change}
    write_json(services.workspace().run_folder(run_id) / FINDINGS_FILE, [{**finding, "block": block}])
    at = open_page("train")
    assert "It diverges" in words(at) and "From 1 to 2." in words(at)
    before = len(services.store().versions(project_id))
    button(at, "Lower it").click().run()
    assert not at.exception
    project = saved(project_id)
    assert project.training["learning_rate"] == 0.5 and project.model.node(block).parameters["units"] == 7
    assert len(services.store().versions(project_id)) == before + 1
    assert at.number_input(key=f"training.{project_id}.1.learning_rate").value == 0.5


def test_a_measured_learning_rate_is_taken_by_one_click(
    open_page: Open, project_id: str, engine: Any
) -> None:
    curve = {"rates": [0.001, 0.01], "losses": [1.0, 0.5], "smoothed": [1.0, 0.5]}
    engine.answers["lr_range"] = {**curve, "suggestion": 0.0042, "at_minimum": 0.042, "before": 0.001}
    at = open_page("train")
    button(at, "Find the learning rate").click().run()
    assert "lowest near 0.042" in words(at)
    button(at, "Use 0.0042").click().run()
    assert saved(project_id).training["learning_rate"] == 0.0042
    assert "Taken" in [item.label for item in at.button]


def marked_runs() -> None:
    """Show what can be done with all runs, as where all of them are marked."""
    from builder.ui.sections import runs
    from builder.ui.services import store

    runs.actions(store().list_runs())


def test_a_tag_for_several_runs_leaves_each_its_own(project_id: str) -> None:
    store = services.store()
    first, second = finished(project_id), finished(project_id)
    store.tag_run(first, ["good", "small"])
    store.tag_run(second, ["good", "large"])
    at = AppTest.from_function(marked_runs, default_timeout=30).run()
    assert at.multiselect[0].value == ["good"]
    at.multiselect[0].set_value(["good", "mine"]).run()
    assert set(store.run(first).tags) == {"good", "mine", "small"}
    assert set(store.run(second).tags) == {"good", "large", "mine"}
    at.multiselect[0].set_value(["mine"]).run()
    assert set(store.run(first).tags) == {"mine", "small"} and not at.exception


def test_a_page_that_is_only_looked_at_writes_no_note_back(project_id: str) -> None:
    store, run_id = services.store(), finished(project_id)
    at = AppTest.from_function(marked_runs, default_timeout=30).run()
    at.text_input[0].set_value("mine").run()
    assert store.run(run_id).note == "mine"
    store.note_run(run_id, "of another tab")
    at.run()
    assert store.run(run_id).note == "of another tab" == at.text_input[0].value
