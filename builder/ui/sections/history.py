"""The parts of the History page."""

from __future__ import annotations

import streamlit as st

from builder.difference import Difference
from builder.errors import BuilderError
from builder.project import MODEL, Project
from builder.runs.history import LONGEST_NAME, RESTORED
from builder.runs.records import RunRecord
from builder.share import file_text
from builder.ui import comparing, frame, state
from builder.ui.comparing import Step
from builder.ui.components.canvas import canvas
from builder.ui.format import ago
from builder.ui.services import TOKEN, store
from builder.ui.sides import choose_side, side_id

FIRST_SHOWN = 40
LIST_HEIGHT = 640
CANVAS_HEIGHT = 460
CHANGES_SHOWN = 12
MARK_WORDS = {"added": "green", "removed": "red", "changed": "orange", "renamed": "violet"}


def offer_undo() -> None:
    """Where the newest step went back to an earlier version, offer to take that back."""
    newest = store().versions(frame.current_id(), 2)
    if len(newest) < 2 or newest[0].reason != RESTORED:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/history: Restored {frame.escape(newest[0].note)}, {ago(newest[0].created_at)}."
        )
        st.space("stretch")
        st.button(
            "Undo the restore",
            icon=":material/undo:",
            on_click=_restore,
            args=(newest[1].sequence, "what was there before the restore"),
        )


def choose_step() -> Step:
    """List the versions, newest first, each with what it changed; return the chosen one."""
    steps = comparing.steps(frame.current_id(), int(state.recall(_limit_name(), FIRST_SHOWN)))
    by_number = {step.version.sequence: step for step in steps}
    # Another list needs another widget: the browser goes on showing the words that it has.
    key = f"step.{frame.current_id()}.{hash(tuple(step.title + step.words for step in steps))}"
    titles = {number: frame.escape(step.title) + _badges(step, steps) for number, step in by_number.items()}
    before = state.recall(_chosen_name())
    with st.container(height=LIST_HEIGHT, border=False):
        chosen: int = st.radio(
            "Versions",
            list(by_number),
            list(by_number).index(before) if before in by_number else 0,
            key=key,
            format_func=titles.__getitem__,
            captions=[frame.escape(step.words) for step in steps],
            label_visibility="collapsed",
        )
        if len(steps) == state.recall(_limit_name(), FIRST_SHOWN):
            st.button("Show older ones", on_click=_show_more, icon=":material/expand_more:")
    state.remember(_chosen_name(), chosen)
    return by_number[chosen]


def about(step: Step, project: Project) -> None:
    """Say what the step changed and what has changed since, and offer the ways back."""
    st.markdown(f"### {frame.escape(step.title)}")
    st.markdown(frame.escape(step.words))
    try:
        then = comparing.version(frame.current_id(), step.version.sequence)
    except BuilderError as error:
        frame.show_problems(error.problems)
        return
    found = comparing.difference(then, project)
    st.caption("Since then" if found.changes else "The project is as it was then.")
    _bullets(found)
    with st.container(horizontal=True):
        st.button(
            "Restore this version",
            type="primary",
            icon=":material/settings_backup_restore:",
            disabled=not found.changes,
            on_click=_restore,
            args=(step.version.sequence, f"the version of {step.title}"),
        )
        st.button(
            "Compare with now",
            icon=":material/compare_arrows:",
            disabled=not found.changes,
            on_click=_compare,
            args=(step.version.sequence,),
        )
        st.download_button(
            "Download",
            lambda: file_text(then),
            file_name="version.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )


def name(step: Step) -> None:
    """Let the version be named; a named one is kept for ever."""
    number = step.version.sequence
    key = f"version_name.{frame.current_id()}.{number}.{step.version.name}"
    st.text_input(
        "Name of this version",
        step.version.name,
        key=key,
        max_chars=LONGEST_NAME,
        placeholder="For example: before the residual blocks",
        help="Old versions are thinned out: one an hour, later one a day. Named ones and those that a run "
        "was started from are kept for ever.",
        on_change=_name,
        args=(number, key),
    )


def preview(step: Step, project: Project) -> None:
    """Show the model as it was, with what has changed since marked."""
    try:
        then = comparing.version(frame.current_id(), step.version.sequence)
    except BuilderError:
        return
    side = choose_side(then, f"version_side.{frame.current_id()}")
    marks = comparing.difference(then, project).marks_before() if side == MODEL else {}
    legend(marks)
    canvas(
        then.graph(side).to_json(),
        doc_version=f"version {step.version.digest} {side}",
        project_id=side_id(frame.current_id(), side),
        token=TOKEN,
        key="version_canvas",
        read_only=True,
        height=CANVAS_HEIGHT,
        marks=marks,
    )


def legend(marks: dict[str, str]) -> None:
    """Say how many blocks bear which mark."""
    counts = {mark: list(marks.values()).count(mark) for mark in MARK_WORDS}
    badges = [f":{MARK_WORDS[mark]}-badge[{count} {mark}]" for mark, count in counts.items() if count]
    st.markdown(" ".join(badges) or ":gray-badge[No block differs]")


def take_run(run: RunRecord, project: Project) -> None:
    """Offer to go back to the document that a run was started with, where that is another one."""
    try:
        then = Project.from_json(store().run_document(run.id))
    except BuilderError as error:
        frame.show_problems(error.problems)
        return
    if then == project:
        return
    st.button(
        "Take this run's model",
        icon=":material/settings_backup_restore:",
        help="Brings back the model, data settings and training of this run. What is there now stays in the "
        "history.",
        on_click=frame.restore,
        args=(then, "the project of a run"),
    )


def _badges(step: Step, steps: list[Step]) -> str:
    found = ""
    if step is steps[0]:
        found += " :green-badge[now]"
    if step.version.run_id:
        found += " :blue-badge[:material/model_training: run]"
    return found


def _bullets(found: Difference) -> None:
    lines = [f"- {frame.escape(change.words)}" for change in found.changes[:CHANGES_SHOWN]]
    more = len(found.changes) - CHANGES_SHOWN
    st.markdown("\n".join([*lines, f"- and {more} more"] if more > 0 else lines))


def _restore(sequence: int, note: str) -> None:
    try:
        then = comparing.version(frame.current_id(), sequence)
    except BuilderError as error:
        st.toast(str(error))
        return
    state.remember(_chosen_name(), None)
    frame.restore(then, note)


def _name(sequence: int, key: str) -> None:
    store().name_version(frame.current_id(), sequence, str(state.widget_value(key, "")))


def _compare(sequence: int) -> None:
    state.remember(f"compare.left.{frame.current_id()}", f"version:{sequence}")
    state.remember(f"compare.right.{frame.current_id()}", comparing.NOW)
    frame.go(frame.COMPARE)


def _show_more() -> None:
    state.remember(_limit_name(), int(state.recall(_limit_name(), FIRST_SHOWN)) + FIRST_SHOWN)


def _chosen_name() -> str:
    return f"step.{frame.current_id()}"


def _limit_name() -> str:
    return f"steps.{frame.current_id()}"
