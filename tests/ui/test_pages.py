"""Every page as a person meets it: the way to a project, edits that are kept, and careless addresses."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from builder.errors import stop
from builder.project import Project, load_preset
from builder.ui import services
from builder.ui.sections import home

from .conftest import MAIN
from .page_words import button, canvas_data, newest, saved, words

Open = Callable[..., AppTest]
PROJECT_PAGES = ("data", "model", "train", "results", "export")


def labels(at: AppTest) -> list[str]:
    return [item.label for item in at.button]


def test_the_first_page_leads_to_a_training_run_with_one_click(open_page: Open) -> None:
    at = open_page("home", project=None)
    assert not at.exception
    button(at, "Create and train").click().run()
    assert not at.exception
    [run] = services.store().list_runs()
    assert at.query_params["project"] == run.project_id
    assert saved(run.project_id).data.source == {"kind": "sample", "name": "digits"}
    assert "# Train" in words(at)


def test_another_task_offers_its_own_samples_and_presets(open_page: Open) -> None:
    at = open_page("home", project=None)
    button(at, "Classify text").click().run()
    assert "SMS spam" in labels(at)
    assert "Handwritten digits (MNIST, small)" not in labels(at)
    button(at, "Shakespeare: comedy, history or tragedy").click().run()
    assert at.radio[0].value == "text/transformer"
    button(at, "Create project").click().run()
    assert saved(newest()).data.source["name"] == "shakespeare_genres"


def test_a_double_click_makes_one_project(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    # However slow the machine is.
    monkeypatch.setattr(home, "DOUBLE_CLICK_SECONDS", 600.0)
    at = open_page("home", project=None)
    button(at, "Create project").click().run()
    at.switch_page("views/home.py").run()
    button(at, "Create project").click().run()
    assert len(services.store().list_projects()) == 2, "the one of the fixture and a new one"


def test_own_data_begin_with_a_proposed_recipe(open_page: Open, tmp_path: Any) -> None:
    table = tmp_path / "visits.csv"
    rows = "".join(
        f"{age},{'city' if age % 3 else 'land'},{'yes' if age % 2 else 'no'}\n" for age in range(60)
    )
    table.write_text("age,place,bought\n" + rows)
    at = open_page("home", project=None)
    button(at, "Classify table rows").click().run()
    button(at, "Your own data").click().run()
    assert button(at, "Create project").disabled
    at.button_group(key="own.rows.way").set_value("A path on this machine").run()
    at.text_input[0].set_value(str(table)).run()
    button(at, "Create project").click().run()
    assert saved(newest()).data.target == "bought"
    assert saved(newest()).name == "Visits"


def test_a_path_that_leads_nowhere_is_explained(open_page: Open, tmp_path: Any) -> None:
    at = open_page("home", project=None)
    button(at, "Your own data").click().run()
    at.button_group(key="own.images.way").set_value("A path on this machine").run()
    at.text_input[0].set_value(str(tmp_path / "nowhere.zip")).run()
    assert "no file or folder" in words(at)
    at.text_input[0].set_value("/etc/passwd").run()
    assert "can be used from" in words(at)


def test_projects_can_be_opened_copied_and_deleted(open_page: Open, project_id: str) -> None:
    at = open_page("home", project=None)
    button(at, "Duplicate").click().run()
    assert len(services.store().list_projects()) == 2
    copy = services.store().list_projects()[0]
    assert copy.name.endswith("(copy)")
    at.button(key=f"delete.{copy.id}").click().run()
    at.button(key="delete.sure").click().run()
    assert [project.id for project in services.store().list_projects()] == [project_id]
    at.button(key=f"open.{project_id}").click().run()
    assert at.query_params["project"] == project_id


@pytest.mark.parametrize("page", PROJECT_PAGES)
def test_a_page_without_a_project_leads_home_with_a_hint(open_page: Open, page: str) -> None:
    at = open_page(page, project=None)
    assert not at.exception
    assert "Choose or create a project first" in words(at)
    at.query_params["project"] = "gone"
    at.switch_page(f"views/{page}.py").run()
    assert not at.exception
    assert "cannot be opened" in words(at)
    assert "Create project" in labels(at)


def test_the_first_page_says_at_once_that_a_project_is_gone() -> None:
    at = AppTest.from_file(str(MAIN), default_timeout=30)
    at.query_params["project"] = "gone"
    at.run()
    assert not at.exception
    assert "is not here" in words(at)
    assert "project" not in at.query_params
    assert "is not here" not in words(at.run())


@pytest.mark.parametrize("page", PROJECT_PAGES)
def test_every_page_opens_on_a_new_project(open_page: Open, project_id: str, page: str) -> None:
    at = open_page(page)
    assert not at.exception and not at.error
    assert at.query_params["project"] == project_id


def test_the_data_page_shows_the_rows_and_keeps_the_split(open_page: Open, project_id: str) -> None:
    at = open_page("data")
    assert "5,574 texts" in words(at)
    at.slider[0].set_value(30).run()
    assert not at.exception
    assert saved(project_id).data.split["validation"] == 0.3


def test_a_source_that_is_gone_is_explained_in_place(open_page: Open, tmp_path: Any) -> None:
    project = Project.from_json(services.store().project(services.store().list_projects()[0].id).document)
    document = project.to_json()
    document["data"]["source"] = {"kind": "csv", "path": str(tmp_path / "gone.csv")}
    at = open_page("data", project=services.store().create_project(document))
    assert not at.exception
    assert len(at.error) == 1 and "no longer at" in at.error[0].value.replace("\\", "")


def test_the_project_can_be_renamed_on_any_page(open_page: Open, project_id: str) -> None:
    at = open_page("train")
    at.text_input[0].set_value("Spam filter").run()
    assert services.store().project(project_id).name == "Spam filter"
    at.text_input[0].set_value("   ").run()
    assert services.store().project(project_id).name == "Spam filter"


def test_an_edit_on_the_canvas_is_kept(open_page: Open, project_id: str) -> None:
    at = open_page("model")
    sent = canvas_data(at)
    graph = {"nodes": [{"id": "input", "kind": "input.v1"}], "edges": []}
    edit = {"rev": 1, "docVersion": sent["docVersion"], "document": graph}
    at.session_state["canvas"] = {"graph": edit}
    at.run()
    assert [node.id for node in saved(project_id).model.nodes] == ["input"]


def test_an_edit_of_a_document_that_was_replaced_is_not_kept(open_page: Open, project_id: str) -> None:
    before = saved(project_id).model
    at = open_page("model")
    edit = {"rev": 1, "docVersion": "another", "document": {"nodes": [], "edges": []}}
    at.session_state["canvas"] = {"graph": edit}
    at.run()
    assert saved(project_id).model == before


def test_errors_of_the_model_keep_training_closed(open_page: Open, engine: Any) -> None:
    message = "The block 'dense' needs an input."
    engine.answers["check"] = [{"message": message, "block": "dense", "severity": "error"}]
    at = open_page("model")
    assert button(at, "Continue to training").disabled
    at.switch_page("views/train.py").run()
    assert button(at, "Start training").disabled
    assert words(at).count("needs an input") == 1


def test_another_preset_replaces_the_blocks_and_can_be_taken_back(open_page: Open, project_id: str) -> None:
    before = saved(project_id).model
    at = open_page("model")
    sent = canvas_data(at)
    at.button(key="use.text/transformer").click().run()
    assert saved(project_id).model != before
    assert canvas_data(at)["docVersion"] != sent["docVersion"]
    button(at, "Bring back the model from before").click().run()
    assert saved(project_id).model == before


def test_training_starts_once_and_its_settings_are_kept(open_page: Open, project_id: str) -> None:
    at = open_page("train")
    at.number_input(key=f"training.{project_id}.epochs").set_value(3).run()
    button(at, "Start training").click().run()
    button(at, "Start training").click().run()
    [run] = services.store().list_runs(project_id=project_id)
    assert services.store().run_document(run.id)["training"]["epochs"] == 3
    assert "Number 1 in the queue" in words(at)
    button(at, "Stop").click().run()
    assert services.store().run(run.id).status == "stopped"
    assert "Resume" in labels(at)


def test_an_interrupted_run_says_why_and_can_be_resumed(
    open_page: Open, project_id: str, run_id: str
) -> None:
    store = services.store()
    lost = store.create_run(project_id, store.project(project_id).document)
    error = {"code": "interrupted", "message": "The machine was switched off.", "block": None}
    store.transition(lost, ["queued"], "running")
    store.transition(lost, ["running"], "interrupted", error=error)
    at = open_page("train")
    assert "The machine was switched off." in words(at)
    button(at, "Resume").click().run()
    assert store.run(lost).status == "queued"


def test_results_stand_beside_the_simplest_rule(open_page: Open, run_id: str) -> None:
    at = open_page("results")
    assert not at.exception
    shown = {metric.label: metric.value for metric in at.metric}
    assert shown["Accuracy"] == "97.5%" and shown["Without a model"] == "81.0%"
    assert "What is taken for what" in words(at)


def test_a_typed_text_is_classified(open_page: Open, run_id: str, engine: Any) -> None:
    engine.answers["predict"] = [{"label": "spam", "probabilities": {"ham": 0.1, "spam": 0.9}}]
    at = open_page("results")
    at.text_area(key="try.text").set_value("Win a prize now").run()
    assert not at.exception
    assert ("predict", {"run_id": run_id, "raw": [{"text": "Win a prize now"}]}) in engine.asked
    assert any(metric.label == "Prediction" and metric.value == "spam" for metric in at.metric)


def test_a_failed_export_says_what_happened(open_page: Open, run_id: str, engine: Any) -> None:
    engine.answers["export"] = stop("full_disk", "The disk is full.")
    engine.answers["script"] = {"model.py": "import keras\n", "model.ipynb": "{}", "vocabulary.json": "[]"}
    at = open_page("export")
    assert at.code[0].value == "import keras"
    offered = [item.proto.label for item in at.get("download_button")]
    wanted = {"model.py", "model.ipynb", "vocabulary.json"}
    assert wanted <= set(offered), "the script, the notebook and what both read"
    button(at, "Export everything").click().run()
    assert not at.exception
    assert words(at).count("The disk is full.") == 1


def test_what_failed_in_passing_is_not_begun_again_without_a_click(
    open_page: Open, run_id: str, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.ui.work.RETRY_SECONDS", 0.0)
    engine.answers["export"] = engine.answers["serve"] = stop("engine_crashed", "The engine ended.")
    engine.answers["script"] = {"model.py": "import keras\n", "model.ipynb": "{}", "vocabulary.json": "[]"}
    at = open_page("export")
    for label, task in (("Export everything", "export"), ("Start a server", "serve")):
        button(at, label).click().run()
        at.run()
        at.run()
        assert "The engine ended." in words(at)
        assert [name for name, _ in engine.asked].count(task) == 1


def test_an_export_is_shown_with_its_verification(open_page: Open, run_id: str, engine: Any) -> None:
    engine.answers["script"] = {"model.py": "import keras\n", "model.ipynb": "{}", "vocabulary.json": "[]"}
    folder = services.workspace().run_folder(run_id) / "exports"
    (folder / "keras").mkdir(parents=True)
    (folder / "keras" / "model.keras").write_bytes(b"model")
    good = {"format": "keras", "label": "Keras (.keras)", "status": "verified", "agreement": 1.0, "bytes": 5}
    trouble = {"code": "x", "message": "An operator is missing.", "severity": "error", "block": None}
    bad = {"format": "tflite_int8", "label": "TFLite, int8", "status": "failed", "problem": trouble}
    report = {"samples": 100, "metric": "accuracy", "formats": [good, bad]}
    (folder / "report.json").write_text(json.dumps(report))
    at = open_page("export")
    assert not at.exception
    assert list(at.dataframe[0].value["Status"]) == ["Verified", "Failed"]
    assert "TFLite, int8: An operator is missing." in words(at).replace("\\", "")


def test_the_first_edit_after_coming_back_to_the_canvas_is_kept_too(open_page: Open, project_id: str) -> None:
    at = open_page("model")
    for name in ("first", "second"):
        at.switch_page("views/train.py").run()
        at.switch_page("views/model.py").run()
        graph = {"nodes": [{"id": name, "kind": "input.v1"}], "edges": []}
        edit = {"rev": 1, "docVersion": canvas_data(at)["docVersion"], "document": graph}
        at.session_state["canvas"] = {"graph": edit}
        at.run()
        assert [node.id for node in saved(project_id).model.nodes] == [name]


def test_a_start_that_was_cut_short_trains_no_other_project(
    open_page: Open, project_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = services.store().create_project(saved(project_id).to_json())
    at = open_page("train")
    with monkeypatch.context() as slow:
        slow.setattr("builder.ui.questions.problems_at_last", lambda project: st.stop())
        button(at, "Start training").click().run()
    at.query_params["project"] = other
    at.switch_page("views/train.py").run()
    assert not at.exception
    assert services.store().list_runs() == []
    at.query_params["project"] = project_id
    at.switch_page("views/train.py").run()
    assert [run.project_id for run in services.store().list_runs()] == [project_id]


def test_a_run_has_the_same_number_on_every_page(open_page: Open, project_id: str, run_id: str) -> None:
    store = services.store()
    document = store.project(project_id).document
    failed = store.create_run(project_id, document)
    store.transition(failed, ["queued"], "failed")
    last = store.create_run(project_id, document)
    store.transition(last, ["queued"], "finished", result={"test": {"accuracy": 0.5}})
    assert store.run_numbers(project_id) == {run_id: 1, failed: 2, last: 3}
    for page in ("train", "results"):
        at = open_page(page)
        chooser = next(item for item in at.selectbox if item.label == "Run")
        assert chooser.options[0].startswith("Run 3 ")


def test_the_name_of_a_project_that_trains_is_no_markdown_on_the_first_page(open_page: Open) -> None:
    store = services.store()
    document = {**load_preset("text/lstm").to_json(), "name": "![x](https://example.org/x.png)"}
    run_id = store.create_run(store.create_project(document), document)
    store.transition(run_id, ["queued"], "running")
    at = open_page("home", project=None)
    assert "Training now" in words(at) and "![x](http" not in words(at)
