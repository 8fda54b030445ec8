"""What a careless person does: bad data, stale tabs, values that no form can show."""

import json
import pickle
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from sklearn.datasets import load_iris
from streamlit.testing.v1 import AppTest

from builder.data.profile import propose
from builder.data.sources import sample
from builder.errors import stop
from builder.project import load_preset
from builder.ui import projects, services
from builder.ui.sections.data import ROLE_WORDS
from builder.ui.work import Work

from .page_words import button, canvas_data, newest, saved, words

Open = Callable[..., AppTest]


def other_tab(project_id: str, **changes: Any) -> None:
    """Change a project as another tab would."""
    store = services.store()
    store.save_project(project_id, replace(saved(project_id), **changes).to_json())


def told(at: AppTest) -> str:
    return "\n".join(item.value for item in at.toast)


def test_a_stale_tab_says_so_and_overwrites_nothing(open_page: Open, project_id: str) -> None:
    at = open_page("train")
    other_tab(project_id, training={"epochs": 33})
    at.number_input(key=f"training.{project_id}.batch_size").set_value(64).run()
    assert not at.exception
    assert "changed in another tab" in told(at)
    assert saved(project_id).training == {"epochs": 33}
    assert next(item for item in at.number_input if item.label == "Epochs").value == 33
    at.run()
    assert not at.toast
    next(item for item in at.number_input if item.label == "Epochs").set_value(34).run()
    assert saved(project_id).training["epochs"] == 34 and not at.toast


def test_a_stale_canvas_does_not_overwrite_newer_blocks(open_page: Open, project_id: str) -> None:
    at = open_page("model")
    sent = canvas_data(at)
    newer = load_preset("text/transformer").model
    other_tab(project_id, model=newer)
    edit = {"rev": 1, "docVersion": sent["docVersion"], "document": {"nodes": [], "edges": []}}
    at.session_state["canvas"] = {"graph": edit}
    at.run()
    assert saved(project_id).model == newer
    assert "changed in another tab" in told(at)
    assert canvas_data(at)["docVersion"] != sent["docVersion"]


def test_a_tab_that_was_away_does_not_overwrite_newer_blocks(open_page: Open, project_id: str) -> None:
    sent = canvas_data(open_page("model"))
    edit = {"rev": 1, "docVersion": sent["docVersion"], "document": {"nodes": [], "edges": []}}
    newer = load_preset("text/transformer").model
    other_tab(project_id, model=newer)
    # The session has ended meanwhile: the browser gives what its canvas holds to a new one.
    at = open_page("model")
    at.session_state["canvas"] = {"graph": edit}
    at.run()
    assert saved(project_id).model == newer
    back = canvas_data(at)
    assert back["docVersion"] != sent["docVersion"] and back["revision"] != sent["revision"]


def test_a_canvas_whose_session_has_ended_hears_that_nothing_is_newer(
    open_page: Open, project_id: str
) -> None:
    before, after = canvas_data(open_page("model")), canvas_data(open_page("model"))
    assert before["docVersion"] != after["docVersion"]
    assert before["revision"] == after["revision"] == services.store().project(project_id).revision


def test_projects_of_one_name_are_told_apart(open_page: Open) -> None:
    at = open_page("home", project=None)
    button(at, "Create project").click().run()
    at = open_page("home", project=None)
    button(at, "Create project").click().run()
    names = [record.name for record in services.store().list_projects()]
    assert len(set(names)) == len(names) == 3
    assert names[0] == f"{names[1]} 2"


def test_a_run_without_an_evaluation_can_be_evaluated(open_page: Open, run_id: str, engine: Any) -> None:
    file = services.workspace().run_folder(run_id) / "evaluation.json"
    engine.answers["evaluate"] = json.loads(file.read_text())
    file.unlink()
    at = open_page("results")
    assert ("evaluate", {"run_id": run_id}) not in engine.asked
    button(at, "Evaluate now").click().run()
    assert not at.exception
    assert ("evaluate", {"run_id": run_id}) in engine.asked
    assert any(metric.label == "Accuracy" and metric.value == "97.5%" for metric in at.metric)


def test_data_that_cannot_be_read_are_refused_before_a_project_is_made(
    open_page: Open, tmp_path: Path
) -> None:
    (tmp_path / "trap.csv").write_bytes(pickle.dumps([1, 2, 3]))
    at = open_page("home", project=None)
    button(at, "Classify table rows").click().run()
    button(at, "Your own data").click().run()
    at.button_group(key="own.rows.way").set_value("A path on this machine").run()
    at.text_input[0].set_value(str(tmp_path / "trap.csv")).run()
    assert "is a Python pickle" in words(at)
    assert button(at, "Create project").disabled and button(at, "Create and train").disabled


def test_larger_data_than_can_be_uploaded_have_a_way(open_page: Open) -> None:
    at = open_page("home", project=None)
    button(at, "Your own data").click().run()
    assert f"more than {st.get_option('server.maxUploadSize')} MB" in words(at)


@pytest.fixture
def iris_id(tmp_path: Path) -> str:
    """Keep a project on a table of the person's own and return its id."""
    file = tmp_path / "iris.csv"
    table = load_iris(as_frame=True).frame.rename(columns={"target": "species"})
    table.to_csv(file, index=False)
    recipe = propose({"kind": "csv", "path": str(file)})
    return projects.create("Iris", recipe, load_preset("tabular/mlp_classification"))


def test_the_task_can_be_changed_with_the_target(open_page: Open, iris_id: str) -> None:
    at = open_page("data", project=iris_id)
    next(group for group in at.button_group if group.label == "The answer is").set_value("regression").run()
    assert not at.exception
    recipe = saved(iris_id).data
    assert (recipe.task, recipe.split["method"]) == ("regression", "random")
    assert "The data are ready" in words(at)


def test_data_that_are_gone_can_be_replaced_in_place(open_page: Open, iris_id: str, tmp_path: Path) -> None:
    (tmp_path / "iris.csv").rename(tmp_path / "moved.csv")
    at = open_page("data", project=iris_id)
    assert "no longer at" in words(at)
    at.button_group(key=f"other.{iris_id}.way").set_value("A path on this machine").run()
    at.text_input(key=f"other.{iris_id}.path").set_value(str(tmp_path / "moved.csv")).run()
    button(at, "Use these data").click().run()
    assert not at.exception and not at.error
    assert saved(iris_id).data.source["path"] == str(tmp_path / "moved.csv")


def test_what_the_preparation_left_out_is_said_once(open_page: Open, tmp_path: Path) -> None:
    archive = tmp_path / "signs.zip"
    with zipfile.ZipFile(sample("sign_language").folder / "sign_language.zip") as whole:
        names = [name for name in whole.namelist() if name.startswith(("0/", "1/")) and "JPG" in name]
        with zipfile.ZipFile(archive, "w") as part:
            for number, name in enumerate(names[:20] + names[-20:]):
                data = whole.read(name)
                # A cut-off picture that is not among the first examples.
                part.writestr(name, data[: len(data) // 3] if number == 15 else data)
    recipe = propose({"kind": "images", "path": str(archive)})
    at = open_page("data", project=projects.create("Signs", recipe, load_preset("images/cnn")))
    assert not at.exception
    assert len([item for item in at.warning if names[15] in item.value.replace("\\", "")]) == 1
    document = saved(newest()).to_json()
    (tmp_path / "tiny.csv").write_text("a,b\n1,x\n2,y\n")
    document["data"] = propose({"kind": "csv", "path": str(tmp_path / "tiny.csv")}).to_json()
    at = open_page("data", project=services.store().create_project(document))
    assert [item.value.count("Only 2 usable") for item in at.error] == [1]


def test_values_that_no_form_can_show_are_replaced_and_said(open_page: Open, project_id: str) -> None:
    other_tab(project_id, training={"epochs": "many", "batch_size": -3, "optimizer": 7})
    at = open_page("train")
    assert not at.exception and not at.error
    assert "Got -3 instead. The default is used." in "\n".join(item.value for item in at.warning)
    assert saved(project_id).training_settings()["batch_size"] == 32


def test_the_list_of_runs_follows_their_status_and_keeps_the_choice(open_page: Open, project_id: str) -> None:
    store = services.store()
    older, newer = (store.create_run(project_id, store.project(project_id).document) for _ in range(2))
    at = open_page("train")
    waiting = next(item for item in at.selectbox if item.label == "Run")
    waiting.set_value(older).run()
    assert "Waiting" in waiting.options[1]
    store.transition(older, ["queued"], "running")
    at.run()
    running = next(item for item in at.selectbox if item.label == "Run")
    assert "Training" in running.options[1] and running.value == older
    assert running.proto.id != waiting.proto.id, "the browser shows a widget's old words for ever"


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Refuse to save any project, as a full disk does."""

    def refuse(*arguments: Any, **keywords: Any) -> int:
        raise stop("disk_full", "The disk is full.")

    with monkeypatch.context() as refusing:
        refusing.setattr(type(services.store()), "save_project", refuse)
        yield refusing


def test_a_setting_that_could_not_be_saved_is_saved_when_the_disk_has_room_again(
    open_page: Open, project_id: str, full_disk: pytest.MonkeyPatch
) -> None:
    at = open_page("train")
    at.number_input(key=f"training.{project_id}.epochs").set_value(3).run()
    assert not at.exception
    assert "The disk is full." in words(at)
    full_disk.undo()
    at.run()
    assert saved(project_id).training["epochs"] == 3
    assert "The disk is full." not in words(at)


def test_an_edit_on_the_canvas_that_could_not_be_saved_is_saved_later(
    open_page: Open, project_id: str, full_disk: pytest.MonkeyPatch
) -> None:
    at = open_page("model")
    graph = {"nodes": [{"id": "input", "kind": "input.v1"}], "edges": []}
    edit = {"rev": 1, "docVersion": canvas_data(at)["docVersion"], "document": graph}
    at.session_state["canvas"] = {"graph": edit}
    at.run()
    assert "The disk is full." in words(at)
    full_disk.undo()
    at.run()
    assert [node.id for node in saved(project_id).model.nodes] == ["input"]


def test_a_click_that_could_not_be_saved_says_so_and_changes_nothing(
    open_page: Open, project_id: str, full_disk: pytest.MonkeyPatch
) -> None:
    before = saved(project_id)
    at = open_page("model")
    sent = canvas_data(at)
    at.button(key="use.text/transformer").click().run()
    assert "The disk is full." in words(at)
    assert canvas_data(at) == sent and saved(project_id) == before


def test_a_file_that_was_mended_is_read_again(open_page: Open, iris_id: str, tmp_path: Path) -> None:
    file = tmp_path / "iris.csv"
    good = file.read_bytes()
    file.write_bytes(pickle.dumps([1, 2, 3]))
    assert "is a Python pickle" in words(open_page("data", iris_id))
    file.write_bytes(good)
    assert "is a Python pickle" not in words(open_page("data", iris_id))


def test_a_second_role_is_changed_while_the_first_is_still_looked_at(
    open_page: Open, iris_id: str, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = list(saved(iris_id).data.roles)
    at = open_page("data", iris_id)
    answer = engine.submit

    def slow(task: str, **arguments: Any) -> Future[Any]:
        return Future() if task == "profile" else answer(task, **arguments)

    monkeypatch.setattr("builder.ui.questions.work", partial(Work, slow))
    for column in columns[:2]:

        def leave_out(shown: pd.DataFrame, column: str = column, **_: Any) -> pd.DataFrame:
            shown.loc[shown["Column"] == column, "Used as"] = ROLE_WORDS["ignore"]
            return shown

        with monkeypatch.context() as editing:
            editing.setattr(st, "data_editor", leave_out)
            at.run()
        assert not at.exception
    roles = saved(iris_id).data.roles
    assert [roles[column] for column in columns[:3]] == ["ignore", "ignore", "numeric"]


def test_a_project_that_another_tab_has_deleted_is_deleted_once(open_page: Open, project_id: str) -> None:
    at = open_page("home", project=None)
    at.button(key=f"delete.{project_id}").click().run()
    services.store().delete_project(project_id)
    at.button(key="delete.sure").click().run()
    assert not at.exception
    assert "There is no project" in told(at)
