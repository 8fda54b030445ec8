"""The parts of the Shrink page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from builder.compression_parameters import DISTILLATION, FINE_TUNING_PARAMETERS, RECIPES, Recipe
from builder.errors import BuilderError
from builder.export.report import is_outdated, read_report
from builder.jobs.compression import ALONE, submit_compressed
from builder.jobs.measuring import EXPORTS_FOLDER, MODEL_FILE
from builder.project import Project
from builder.runs.records import RunRecord
from builder.scores import metric_name, metric_value
from builder.sizes import size_words
from builder.ui import forms, frame, projects, questions, state
from builder.ui.format import status_badge
from builder.ui.runs import RUNS_SHOWN
from builder.ui.services import store, workspace
from builder.ui.tables import share_column

HALF = "half"
_SLIDERS = ("sparsity", "share", "feed_forward_share", "heads_share", "teacher_weight")
_SIZES = (
    ("parameters", "Parameters", "{:,}".format),
    ("bytes", "Weights as 32-bit floats", size_words),
    ("gzip_bytes", "The same, compressed (gzip)", size_words),
    ("sparsity", "Zeros", "{:.1%}".format),
)


def choose_recipe() -> Recipe:
    """Let the person choose a recipe."""
    st.markdown("### Recipe")
    name = st.radio(
        "Recipe",
        list(RECIPES),
        format_func=lambda name: RECIPES[name].title,
        key=f"shrink.recipe.{frame.current_id()}",
        label_visibility="collapsed",
    )
    return RECIPES[name]


def settings(recipe: Recipe) -> dict[str, Any]:
    """Show the settings of a recipe and of its fine-tuning, and return what differs from the defaults."""
    return forms.parameter_form(
        (*recipe.parameters, *FINE_TUNING_PARAMETERS),
        {},
        f"shrink.{recipe.name}.{frame.current_id()}",
        columns=2,
        sliders=_SLIDERS,
        owner=recipe.title,
    )


def student(recipe: Recipe, project: Project) -> dict[str, Any] | None:
    """Let the person choose the student of a distillation; None for half of the teacher's units."""
    if recipe.name != DISTILLATION:
        return None
    st.markdown("### Student")
    offered = _students(project)
    name = st.selectbox(
        "The student's blocks",
        list(offered),
        format_func=lambda name: offered[name][0],
        key=f"shrink.student.{frame.current_id()}",
        help="It learns from the teacher's data, prepared in the same way.",
    )
    return offered[name][1]


def _students(project: Project) -> dict[str, tuple[str, dict[str, Any] | None]]:
    """Return the names, titles and documents of the students that suit a project."""
    found: dict[str, tuple[str, dict[str, Any] | None]] = {
        HALF: ("This model with half of its filters and units", None),
        "project": ("This project as it stands on the Model page", project.to_json()),
    }
    kind = projects.data_kind(project.data.source, None)
    for name, preset in projects.presets_for(kind, project.data.task).items():
        found[name] = (f"Preset: {preset.name}", preset.to_json())
    for record in store().list_projects():
        if record.id != frame.current_id():
            document = store().project(record.id).document
            if document["data"]["task"] == project.data.task:
                found[record.id] = (f"Project: {record.name}", document)
    return found


def meaning(recipe: Recipe) -> None:
    """Say in plain words what a recipe does, what it gains and what it does not."""
    with st.container(border=True):
        st.markdown(recipe.does)
        st.markdown(f":material/check_circle: **Gains.** {recipe.gains}")
        st.markdown(f":material/do_not_disturb_on: **Does not gain.** {recipe.gains_not}")


def plan(
    run: RunRecord, recipe: Recipe, values: dict[str, Any], student: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Show what the recipe cuts off this run's model; return that and the new run's document, once known."""
    asked = {"run_id": run.id, "recipe": recipe.name, "values": values, "student": student}
    made = frame.awaited(lambda: questions.shrunk(asked), "Looking at the model …", height=60)
    if made is None:
        return None
    if made["cut"]:
        rows = [
            {"Block": block, "Setting": forms.words(name), "Before": before, "After": after}
            for block, changes in made["cut"].items()
            for name, (before, after) in changes.items()
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True)
    for block, why in made["left"].items():
        st.caption(f"**{frame.escape(block)}** is left as it is: {frame.escape(why)}.")
    return made


def start(run: RunRecord, recipe: Recipe, made: Mapping[str, Any] | None) -> None:
    """Show what stands against the new run, and the button that starts it."""
    alone = False
    if recipe.name == DISTILLATION:
        alone = st.toggle(
            "Also train the student alone",
            True,
            key="shrink.alone",
            help="Only the comparison shows whether the teacher helped.",
        )
    found: Any = ()
    if made is not None:
        project = Project.from_json(made["document"])
        found = frame.awaited(lambda: questions.problems(project), "Checking the new model …") or ()
        frame.show_problems(found)
    st.button(
        "Start the new run",
        type="primary",
        icon=":material/compress:",
        width="stretch",
        disabled=made is None or any(item["severity"] == "error" for item in found),
        key="shrink.start",
        on_click=_start,
        args=(run.id, made, alone),
    )
    frame.show_problems(state.take("shrink.problems", ()))


def _start(run_id: str, made: Mapping[str, Any], alone: bool) -> None:
    waiting = store().list_runs(project_id=frame.current_id(), statuses=("queued", "starting"))
    if any(
        store().run_document(run.id).get("compression") == made["document"]["compression"] for run in waiting
    ):
        # A double click starts one run.
        return
    try:
        submit_compressed(run_id, made["document"], alone, frame.current_id(), store(), workspace())
    except BuilderError as error:
        state.remember("shrink.problems", error.problems)


def declared(project: Project) -> None:
    """Say where the project itself applies a recipe, as one that was taken from a recipe's run does."""
    if not project.compression:
        return
    recipe = RECIPES.get(str(project.compression.get("recipe")))
    title = recipe.title if recipe else "An unknown recipe"
    st.info(
        f"Training starts from the run {project.compression.get('run')} by a recipe: {title}.",
        icon=":material/compress:",
    )
    st.button("Train without the recipe", key="shrink.without", on_click=_without, args=(project,))


def _without(project: Project) -> None:
    frame.save(replace(project, compression={}), from_callback=True)


def outcomes(run: RunRecord) -> None:
    """Show what came of the recipes that started from a run, newest first, and of the run's own."""
    runs = store().list_runs(project_id=frame.current_id(), limit=RUNS_SHOWN)
    documents = {item.id: store().run_document(item.id) for item in runs}
    made = [item for item in runs if _source(documents[item.id]) == run.id]
    own = [item for item in runs if item.id == run.id and _source(documents[item.id])]
    if not made and not own:
        return
    st.markdown("### What came of it")
    for item in made:
        _outcome(item, documents[item.id], _alone(item, documents, runs))
    for item in own:
        st.caption("The chosen run was made by a recipe itself:")
        _outcome(item, documents[item.id], None)


def _source(document: Mapping[str, Any]) -> str | None:
    return (document.get("compression") or {}).get("run")


def _alone(item: RunRecord, documents: Mapping[str, Any], runs: list[RunRecord]) -> RunRecord | None:
    """Return the run of the same model that was trained without the recipe, where there is one."""
    wanted = {name: value for name, value in documents[item.id].items() if name != "compression"}
    return next((run for run in runs if ALONE in run.tags and documents[run.id] == wanted), None)


def _outcome(run: RunRecord, document: Mapping[str, Any], alone: RunRecord | None) -> None:
    recipe = RECIPES[document["compression"]["recipe"]]
    told = run.result.get("compression")
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{recipe.title}** {status_badge(run.status)} :gray[{_settings_words(document)}]")
            st.space("stretch")
            st.button(
                "Curves",
                icon=":material/monitoring:",
                type="tertiary",
                key=f"shrink.curves.{run.id}",
                on_click=_show_curves,
                args=(run.id,),
            )
        if run.error:
            frame.show_problems([run.error])
        if not told:
            if run.status not in ("failed", "interrupted", "stopped"):
                st.caption("It trains like any run; the numbers are here when it has finished.")
            return
        _figures(run, told, alone)
        with st.expander("Layer by layer"):
            _layers(told)


def _settings_words(document: Mapping[str, Any]) -> str:
    given = document["compression"].get("settings") or {}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in given.items())


def _show_curves(run_id: str) -> None:
    state.remember("run", run_id)
    frame.go(frame.TRAIN)


def _figures(run: RunRecord, told: Mapping[str, Any], alone: RunRecord | None) -> None:
    before, after = told["before"], {**told["after"], "test": run.result.get("test", {})}
    rows: dict[str, dict[str, str]] = {}
    for name in after["test"]:
        rows[f"{metric_name(name)} (test)"] = {
            "Before": metric_value(name, before["test"].get(name)),
            "After": metric_value(name, after["test"][name]),
        }
        if alone is not None:
            rows[f"{metric_name(name)} (test)"]["Alone"] = metric_value(
                name, alone.result.get("test", {}).get(name)
            )
    for name, label, words in _SIZES:
        rows[label] = {"Before": words(before[name]), "After": words(after[name])}
    for label, values in _exported(told["run"], run.id).items():
        rows[label] = values
    table = pd.DataFrame([{"": label, **values} for label, values in rows.items()])
    st.dataframe(table.fillna(""), hide_index=True)


def _exported(before: str, after: str) -> dict[str, dict[str, str]]:
    """Return the sizes of the int8 files of both runs, where they were exported."""
    found: dict[str, str] = {}
    for name, run_id in (("Before", before), ("After", after)):
        folder = workspace().run_folder(run_id)
        report = read_report(folder / EXPORTS_FOLDER)
        if report and not is_outdated(report, folder / MODEL_FILE):
            entries = report["formats"]
            sizes = [entry.get("bytes") for entry in entries if entry["format"] == "tflite_int8"]
            found |= {name: size_words(sizes[0])} if sizes and sizes[0] else {}
    return {"int8 file": found} if found else {}


def _layers(told: Mapping[str, Any]) -> None:
    before = {item["layer"]: item for item in told["before"]["layers"]}
    rows = [
        {
            "Layer": item["layer"],
            "Weights before": before.get(item["layer"], {}).get("weights"),
            "Weights": item["weights"],
            "Zeros": item["zeros"] / item["weights"],
            "Different values": item["values"],
            "Left because": told["left"].get(item["layer"], ""),
        }
        for item in told["after"]["layers"]
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={"Zeros": share_column("Zeros", "The share of the layer's weights that is zero.")},
    )
