"""The parts of the Model page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from builder.errors import BuilderError
from builder.graph import Graph
from builder.project import Project
from builder.ui import frame, projects, questions, state
from builder.ui.components.canvas import canvas as mount_canvas
from builder.ui.services import TOKEN

CANVAS = "canvas"


def keep_edits(project: Project) -> Project:
    """Keep what the canvas has changed since the last run of the page; return the project as it is now."""
    edited = state.component_state(CANVAS, "graph")
    if not edited or edited.get("docVersion") != state.document_version(frame.current_id()):
        return project
    mark = (edited["docVersion"], edited.get("rev"))
    if state.recall("kept_revision") == mark:
        return project
    state.remember("kept_revision", mark)
    return _with_graph(project, edited.get("document"))


def title(project: Project) -> None:
    """Name the page and the project in one line."""
    st.markdown("### Model", width="content")
    with st.container(width=380):
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
            st.button("Use this model", key=f"use.{name}", on_click=_replace, args=(project, preset.model))
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
        args=("training_wanted", True),
    )
    if state.recall("training_wanted"):
        _leave(project)


def canvas(project: Project) -> None:
    """Mount the canvas on the project's graph."""
    mount_canvas(
        project.model.to_json(),
        doc_version=state.document_version(frame.current_id()),
        project_id=frame.current_id(),
        token=TOKEN,
        key=CANVAS,
    )


def _with_graph(project: Project, document: Any) -> Project:
    try:
        changed = project.with_model(Graph.from_json(document))
    except BuilderError as error:
        frame.show_problems(error.problems)
        return project
    if changed.model != project.model:
        frame.save(changed)
    return changed


def _leave(project: Project) -> None:
    with st.spinner("Checking the model …"):
        answer = questions.problems_at_last(project)
    state.take("training_wanted")
    if answer.state == "ready" and all(problem["severity"] != "error" for problem in answer.value):
        st.switch_page(frame.TRAIN)
    st.rerun()


@st.fragment(run_every=frame.POLL_SECONDS)
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
        before = Graph.from_json(previous)
        st.button(
            "Bring back the model from before",
            icon=":material/undo:",
            on_click=_replace,
            args=(project, before),
        )


def _replace(project: Project, model: Graph) -> None:
    state.remember(_previous_name(), project.model.to_json())
    frame.save(project.with_model(model), from_callback=True)
    state.replace_document()


def _previous_name() -> str:
    return f"previous.{frame.current_id()}"
