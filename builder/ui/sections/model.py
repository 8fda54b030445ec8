"""The parts of the Model page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from builder.errors import BuilderError
from builder.graph import Graph
from builder.project import DISCRIMINATOR, MODEL, Project
from builder.ui import frame, own_blocks, projects, questions, state
from builder.ui.components.canvas import canvas as mount_canvas
from builder.ui.sections.share import share
from builder.ui.services import TOKEN
from builder.ui.sides import choose_side, side_id

CANVASES = {MODEL: "canvas", DISCRIMINATOR: "canvas_discriminator"}


def keep_edits(project: Project) -> Project:
    """Keep what the canvas has changed since the last run of the page; return the project as it is now."""
    for side in CANVASES:
        project = _keep_side(project, side)
    return project


def _keep_side(project: Project, side: str) -> Project:
    edited = state.component_state(CANVASES[side], "graph")
    if not edited or edited.get("docVersion") != _document_version(side):
        return project
    # A canvas that is mounted anew counts its edits from the start again: the count alone tells nothing.
    mark = (edited["docVersion"], edited.get("rev"), edited.get("document"))
    kept = f"kept_edit.{side}"
    if state.recall(kept) == mark:
        return project
    changed, is_kept = _with_graph(project, side, edited.get("document"))
    if is_kept:
        state.remember(kept, mark)
    return changed


def side(project: Project) -> str:
    """Let one of two graphs be chosen, where the project has two, and return the chosen one."""
    return choose_side(project, state.widget_key(frame.current_id(), "side"))


def title(project: Project) -> None:
    """Name the page and the project in one line."""
    st.markdown("### Model", width="content")
    with st.container(width=230 if project.has_discriminator else 380):
        frame.name_field(project, labeled=False)


def presets(project: Project) -> None:
    """Offer to start again from a preset, and to take that back."""
    answer = questions.prepared(project)
    kind = projects.data_kind(project.data.source, answer.value["spec"] if answer.state == "ready" else None)
    with st.popover("Start from a preset", icon=":material/auto_awesome:"):
        st.caption(
            "Replaces the blocks on the canvas, which you can bring back here. Data and settings stay."
        )
        for name, preset in projects.presets_for(kind, project.data.task).items():
            st.markdown(f"**{preset.name}**  \n:gray[{preset.description}]")
            st.button("Use this model", key=f"use.{name}", on_click=_replace, args=(project, preset))
        _offer_undo(project)


def continue_to_training(project: Project) -> None:
    """Show how many problems there are, and lead on to training where there is no error."""
    answer = questions.problems(project)
    found = answer.value if answer.state == "ready" else [problem.to_json() for problem in answer.problems]
    errors = [problem for problem in found or () if problem["severity"] == "error"]
    if answer.state == "working":
        _checking(project)
    else:
        _problem_list(found, len(errors))
    # The button stands there while the model is checked, too: a click right after an edit must count. It
    # is remembered, because a newer run of the page, for an edit perhaps, ends the one that got it.
    st.button(
        "Continue to training",
        type="primary",
        icon=":material/arrow_forward:",
        disabled=bool(errors),
        help=f"First: {errors[0]['message']}" if errors else None,
        key="continue_to_training",
        on_click=state.remember,
        args=("training_wanted", frame.current_id()),
    )
    if state.recall("training_wanted") == frame.current_id():
        _leave(project)


def ways_out(project: Project) -> None:
    """Lead to the history, and offer the project to others."""
    st.button("History", icon=":material/history:", on_click=frame.go, args=(frame.HISTORY,))
    share(project)


def canvas(project: Project, side: str = MODEL) -> None:
    """Mount the canvas on one of the project's graphs, with the person's own blocks."""
    said = state.take("library_problem")
    if said:
        st.error(frame.escape(said), icon=":material/error:")
    mount_canvas(
        project.graph(side).to_json(),
        doc_version=_document_version(side),
        revision=frame.current_revision(),
        project_id=side_id(frame.current_id(), side),
        token=TOKEN,
        key=CANVASES[side],
        library=own_blocks.offered(),
        on_library_change=partial(_library_changed, side),
    )


def _document_version(side: str) -> str:
    version = state.document_version(frame.current_id())
    return version if side == MODEL else f"{version}:{side}"


def _library_changed(side: str, asked: Mapping[str, Any]) -> None:
    edited = state.component_state(CANVASES[side], "graph") or {}
    try:
        graph = Graph.from_json(edited.get("document") or {})
    except BuilderError:
        graph = Graph()
    said = own_blocks.do(asked, graph)
    if said:
        state.remember("library_problem", said)


def _with_graph(project: Project, side: str, document: Any) -> tuple[Project, bool]:
    """Return the project with a graph from the canvas, and whether it is kept."""
    try:
        changed = project.with_graph(side, Graph.from_json(document))
    except BuilderError as error:
        frame.show_problems(error.problems)
        return project, False
    return changed, changed.graph(side) == project.graph(side) or frame.save(changed)


def _leave(project: Project) -> None:
    with st.spinner("Checking the model …"):
        answer = questions.problems_at_last(project)
        # Within the spinner, whose end is where Streamlit gives the page up for one that is asked for.
        state.take("training_wanted")
    if answer.state == "ready" and all(problem["severity"] != "error" for problem in answer.value):
        frame.leave_for(frame.TRAIN)
    st.rerun()


@frame.polled(frame.POLL_SECONDS)
def _checking(project: Project) -> None:
    if questions.problems(project).state != "working":
        st.rerun()
    st.markdown(":gray-badge[:material/hourglass_top: Checking …]", width="content")


def _problem_list(found: list[Mapping[str, Any]], errors: int) -> None:
    if not found:
        st.markdown(":green-badge[:material/check_circle: No problems]", width="content")
        return
    words = f"{errors} to fix" if errors else f"{len(found)} hint{'s' if len(found) > 1 else ''}"
    with st.popover(words, icon=":material/error:" if errors else ":material/lightbulb:"):
        frame.show_problems(found)


def _offer_undo(project: Project) -> None:
    previous = state.recall(_previous_name())
    if previous:
        before = Project.from_json(previous)
        st.button(
            "Bring back the model from before",
            icon=":material/undo:",
            on_click=_replace,
            args=(project, before),
        )


def _replace(project: Project, other: Project) -> None:
    if frame.save(project.with_graphs_of(other), from_callback=True):
        state.remember(_previous_name(), project.to_json())
        state.replace_document()


def _previous_name() -> str:
    return f"previous.{frame.current_id()}"
