"""The parts of the Home page."""

from __future__ import annotations

import html
import json
import time
from pathlib import Path

import streamlit as st

from builder.data.sources import Sample
from builder.errors import BuilderError
from builder.project import DataRecipe, Project
from builder.runs.records import ProjectSummary
from builder.ui import clicks, frame, projects, state, uploads
from builder.ui.cards import card
from builder.ui.format import ago, run_line
from builder.ui.projects import TASKS, Task
from builder.ui.sections import opened_model, share
from builder.ui.sections.own_data import own_data
from builder.ui.services import store

THUMBNAILS = Path(__file__).parent.parent / "assets"
DOUBLE_CLICK_SECONDS = 3.0
PROJECTS_SHOWN = 12


def lost_project() -> None:
    """Where the address names a project that is not there, say so at once."""
    identifier = state.project_id()
    if identifier is None or projects.exists(identifier):
        return
    state.open_project(None)
    message = "The project in the address is not here. It may have been deleted, or lie on another machine."
    st.info(message, icon=":material/info:")


def hero() -> None:
    """Say in two lines what this is."""
    st.markdown("# Build a neural network, block by block")
    st.caption(
        "Choose what you want to do, pick your data, and train. No code; every step can be changed later."
    )


def choose_task() -> Task:
    """Show the tasks as cards and return the chosen one."""
    chosen = state.recall("task", TASKS[0].name)
    st.markdown("### 1 · What do you want to do?")
    with st.grid(4, min_column_width=220, gap="small"):
        for task in TASKS:
            with card(f"task_{task.name}", task.title, chosen=task.name == chosen) as clicked:
                st.markdown(f"### :material/{task.icon}: {task.title}")
                st.caption(task.summary)
            if clicked[0]:
                state.remember("task", task.name)
                st.rerun()
    return next(task for task in TASKS if task.name == chosen)


def choose_data(task: Task) -> Sample | DataRecipe | None:
    """Show the samples of a task and the way to bring own data; return the chosen one."""
    st.markdown("### 2 · Which data?")
    offered = projects.samples_for(task)
    chosen = state.recall(f"data.{task.name}", offered[0].name if offered else "own")
    with st.grid(4, min_column_width=220, gap="small"):
        for item in [*offered, None]:
            _data_card(task, item, chosen)
    if chosen == "own":
        return own_data(task.kind, task.task, f"own.{task.name}")
    return next((item for item in offered if item.name == chosen), None)


def choose_preset(task: Task, data: Sample | DataRecipe | None) -> Project:
    """Show the presets of a task with the recommended one chosen; return the choice."""
    st.markdown("### 3 · Which model to start from?")
    offered = projects.presets_for(task.kind, task.task)
    names = sorted(offered, key=lambda name: offered[name].name)
    recommended = data.recommended_preset if isinstance(data, Sample) else names[0]
    name = st.radio(
        "Model",
        names,
        index=names.index(recommended) if recommended in names else 0,
        format_func=lambda name: offered[name].name + (" · recommended" if name == recommended else ""),
        captions=[offered[name].description for name in names],
        key=f"preset.{task.name}.{recommended}",
        label_visibility="collapsed",
    )
    return offered[name]


def create(data: Sample | DataRecipe | None, preset: Project) -> None:
    """Offer to create the project, and to train it at once."""
    with st.container(horizontal=True):
        both = clicks.button(
            "Create and train",
            key="create.train",
            type="primary",
            icon=":material/play_arrow:",
            disabled=data is None,
            help="Creates the project and starts training with the recommended settings.",
        )
        only = clicks.button(
            "Create project",
            key="create.only",
            icon=":material/dashboard_customize:",
            disabled=data is None,
            help="Creates the project and opens its model, so that you can change it first.",
        )
    if data is None or not (both or only):
        return
    recipe, name = _recipe(data, preset)
    # Own data deserve a look before the model: which column is which is only proposed.
    page = frame.MODEL if isinstance(data, Sample) else frame.DATA
    _open_new(projects_once(name, recipe, preset), None if both else page)


def projects_once(name: str, recipe: DataRecipe, preset: Project) -> str:
    """Create the project, or return the one that the same click has just created."""
    mark = json.dumps([name, recipe.to_json(), preset.name], sort_keys=True)
    last_mark, last_id, created = state.recall("created", ("", "", 0.0))
    if last_mark == mark and time.monotonic() - created < DOUBLE_CLICK_SECONDS:
        return last_id
    identifier = projects.create(name, recipe, preset)
    state.remember("created", (mark, identifier, time.monotonic()))
    return identifier


def running() -> None:
    """List the runs of all projects that are going on."""
    found = projects.going_on()
    if not found:
        return
    st.markdown("### Training now")
    for run in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(run_line(run))
            st.space("stretch")
            if clicks.button("Watch", key=f"watch.{run.id}", icon=":material/monitoring:"):
                state.open_project(run.project_id)
                state.remember("run", run.id)
                frame.leave_for(frame.TRAIN)


def recent_projects() -> None:
    """List the recent projects, and offer to open a project file."""
    st.markdown("### Your projects")
    found = store().list_projects(PROJECTS_SHOWN)
    if not found:
        st.caption("Nothing here yet. The first project you create will be listed here.")
    for record in found:
        _project_row(record)
    with st.expander("Open a project file", icon=":material/upload_file:"):
        share.open_file()
    with st.expander("Open a Keras model", icon=":material/account_tree:"):
        opened_model.open_model()


def _data_card(task: Task, item: Sample | None, chosen: str) -> None:
    name = "own" if item is None else item.name
    title = "Your own data" if item is None else item.title
    with card(f"data_{task.name}_{name}", title, chosen=name == chosen) as clicked:
        if item is None:
            st.markdown("# :material/upload_file:")
            st.markdown(f"**{title}**")
            st.caption("A file, a folder on this machine, or a public data set.")
        else:
            thumbnail = THUMBNAILS / f"{item.name}.png"
            if thumbnail.exists():
                st.image(str(thumbnail), width="stretch", alt=f"Examples of {title}")
            st.markdown(f"**{title}**")
            st.html(f'<p class="kb-clamp">{html.escape(item.description)}</p>')
            unit = {"table": "rows", "mixed": "rows", "audio": "recordings"}.get(item.kind, f"{item.kind}s")
            facts = html.escape(f"{item.rows:,} {unit} · {item.license}")
            st.html(f'<p class="kb-line" title="{facts}">{facts}</p>')
    if clicked[0]:
        state.remember(f"data.{task.name}", name)
        st.rerun()


def _recipe(data: Sample | DataRecipe, preset: Project) -> tuple[DataRecipe, str]:
    if isinstance(data, Sample):
        return projects.sample_recipe(data, preset), data.title
    name = (
        Path(str(data.source.get("path") or data.source["name"]))
        .name.split(".")[0]
        .replace("_", " ")
        .strip()
        .capitalize()
    )
    return projects.with_task(data, preset.data.task), name or "My project"


def _open_new(identifier: str, page: str | None) -> None:
    """Open a new project on a page, or train it where no page is given."""
    state.open_project(identifier)
    if page is not None:
        frame.leave_for(page)
    try:
        state.remember("run", projects.start_once(identifier))
    except BuilderError as error:
        frame.show_problems(error.problems)
        return
    frame.leave_for(frame.TRAIN)


def _project_row(record: ProjectSummary) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{frame.escape(record.name)}**  \n:small[:gray[Changed {ago(record.updated_at)}]]")
        st.space("stretch")
        if clicks.button("Open", key=f"open.{record.id}", icon=":material/arrow_forward:"):
            state.open_project(record.id)
            frame.leave_for(frame.MODEL)
        with st.popover("", icon=":material/more_vert:", type="tertiary", key=f"more.{record.id}"):
            _project_actions(record)


def _project_actions(record: ProjectSummary) -> None:
    st.button(
        "Duplicate",
        key=f"copy.{record.id}",
        icon=":material/content_copy:",
        width="stretch",
        on_click=_duplicate,
        args=(record.id,),
    )
    st.download_button(
        "Download",
        lambda: projects.file_text(record.id),
        file_name=f"{uploads.safe_name(record.name)}.json",
        mime="application/json",
        key=f"save.{record.id}",
        icon=":material/download:",
        width="stretch",
        help="One JSON file: data settings, model and training. Data files do not travel along.",
        on_click="ignore",
    )
    if clicks.button("Delete", key=f"delete.{record.id}", icon=":material/delete:", width="stretch"):
        _confirm_delete(record)


def _duplicate(project_id: str) -> None:
    try:
        projects.duplicate(project_id)
    except BuilderError as error:
        st.toast(str(error))


@st.dialog("Delete this project?", icon=":material/delete:")
def _confirm_delete(record: ProjectSummary) -> None:
    st.markdown(f"**{frame.escape(record.name)}** and its training runs will be gone for good.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it"):
            st.rerun()
        if st.button("Delete", type="primary", key="delete.sure", on_click=_delete, args=(record.id,)):
            st.rerun()


def _delete(project_id: str) -> None:
    try:
        projects.delete(project_id)
    except BuilderError as error:
        st.toast(str(error))
        return
    if state.project_id() == project_id:
        state.open_project(None)
