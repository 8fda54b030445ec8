"""The parts of the Train page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from builder.errors import BuilderError, Problem
from builder.jobs import training
from builder.project import Project
from builder.runs.records import ACTIVE, INTERRUPTED, PAUSED, QUEUED, RESUMABLE, RUNNING, RunRecord
from builder.training_parameters import TRAINING_PARAMETERS, parameters_of
from builder.ui import clicks, forms, frame, projects, questions, state
from builder.ui.components.live_chart import live_chart
from builder.ui.format import ago
from builder.ui.runs import RUNS_SHOWN, run_chooser
from builder.ui.services import TOKEN, store, workspace

POLL_SECONDS = 1.0
INITIAL_WEIGHTS = "initial_weights"
NEW_WEIGHTS = "none"
EVENTS_SHOWN = 30
CHART_HEIGHT = 430


def settings(project: Project) -> Project:
    """Show the training settings and keep what is changed."""
    st.markdown("### Settings")
    offered = {item.name for item in parameters_of(project.data.task)} - {INITIAL_WEIGHTS}
    chosen = forms.parameter_form(
        TRAINING_PARAMETERS,
        project.training,
        state.widget_key(frame.current_id(), "training"),
        columns=2,
        # What another task needs keeps what was given.
        hidden={item.name for item in TRAINING_PARAMETERS} - offered,
        owner="Training",
    )
    chosen.pop(INITIAL_WEIGHTS, None)
    chosen |= _starting_weights(project)
    if chosen != dict(project.training):
        project = replace(project, training=chosen)
        frame.save(project)
    return project


def _starting_weights(project: Project) -> dict[str, Any]:
    """Let the person choose where the weights start; return the setting where it is not the default."""
    known = str(project.training.get(INITIAL_WEIGHTS, NEW_WEIGHTS))
    runs = {f"run:{run.id}": f"Run of '{run.name}', {ago(run.created_at)}" for run in _trained_runs()}
    names = {NEW_WEIGHTS: "New, random weights", **runs}
    names.setdefault(known, known)
    key = state.widget_key(frame.current_id(), INITIAL_WEIGHTS)
    chosen = st.selectbox(
        "Start from",
        list(names),
        list(names).index(known),
        format_func=names.__getitem__,
        key=key,
        help="Fine-tuning: blocks with the name and shape of one in the earlier run take its weights, the "
        "others start anew. A path is given as 'file:' and the path of a .keras file.",
        accept_new_options=True,
    )
    return {} if chosen in (None, NEW_WEIGHTS) else {INITIAL_WEIGHTS: chosen}


def _trained_runs() -> list[RunRecord]:
    return [run for run in store().list_runs(limit=RUNS_SHOWN) if run.result]


def start(project: Project) -> None:
    """Show what stands against training, and the button that starts it."""
    found = questions.problems(project)
    checked = frame.awaited(lambda: questions.problems(project), "Checking the model …", height=40)
    frame.show_problems(checked or ())
    blocked = found.state == "failed" or _has_errors(checked or ())
    # Open while the model is checked, too: a click right after a changed setting must count. It is
    # remembered, because a newer run of the page, for a chart's news perhaps, ends the one that got it.
    st.button(
        "Start training",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=blocked,
        key="start_training",
        on_click=state.remember,
        args=("start_wanted", frame.current_id()),
    )
    if state.recall("start_wanted") == frame.current_id():
        _start(project)


def _start(project: Project) -> None:
    with st.spinner("Checking the model …"):
        answer = questions.problems_at_last(project)
        # Within the spinner, whose end is where Streamlit gives the page up for one that is asked for.
        state.take("start_wanted")
        found: Sequence[Problem] = ()
        if answer.state == "ready" and not _has_errors(answer.value):
            found = _started()
    if not found:
        st.rerun()
    frame.show_problems(found)


def _started() -> Sequence[Problem]:
    """Start a run of the open project and choose it; return what stands against that."""
    try:
        state.remember("run", projects.start_once(frame.current_id()))
    except BuilderError as error:
        return error.problems
    return ()


def _has_errors(found: Iterable[Mapping[str, Any]]) -> bool:
    return any(problem["severity"] == "error" for problem in found)


def choose_run() -> RunRecord | None:
    """Return the chosen run of this project; the newest at first, None where there is none."""
    return run_chooser(store().list_runs(project_id=frame.current_id(), limit=RUNS_SHOWN), "run")


def nothing_yet() -> None:
    """Say what will be here."""
    words = "Start training to see the curves grow here, while they grow."
    frame.placeholder(words, CHART_HEIGHT, "### :material/monitoring: No run yet")


def controls(run: RunRecord) -> None:
    """Show what can be done with the run in its present state. The chart runs the page again on a change."""
    with st.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="bottom", gap="xsmall"
    ):
        if run.status == RUNNING:
            _button(run, "pause", "Pause", "pause", training.pause)
        if run.status == PAUSED or run.status in RESUMABLE:
            _button(run, "pause", "Resume", "play_arrow", training.resume)
        if run.status in (*ACTIVE, QUEUED):
            _button(run, "stop", "Stop", "stop", training.stop, "Ends the run and keeps its best weights.")
        if run.result and clicks.button(
            "See results", key="see_results", type="primary", icon=":material/insights:"
        ):
            state.remember("run", run.id)
            frame.leave_for(frame.RESULTS)


def trouble(run: RunRecord) -> None:
    """Say what holds the run up, or what ended it."""
    if run.status == QUEUED:
        _place_in_queue(run.id)
    if run.error:
        kind = "warning" if run.status == INTERRUPTED else "error"
        frame.show_problems([{**run.error, "severity": kind}])


def curves(run: RunRecord) -> None:
    """Show the run's live curves."""
    live_chart(run.id, token=TOKEN, key=f"chart.{run.id}", status=run.status, height=CHART_HEIGHT)


def events(run: RunRecord) -> None:
    """List what happened to the run."""
    found = store().events(run.id)[-EVENTS_SHOWN:]
    if not found:
        return
    with st.expander("What happened", icon=":material/history:"):
        for event in reversed(found):
            st.markdown(f":gray[{ago(event.created_at)}] · {frame.escape(event.message)}")


@frame.polled(POLL_SECONDS)
def _place_in_queue(run_id: str) -> None:
    place = training.queue_position(run_id, store())
    if place is not None:
        st.info(
            f"Number {place} in the queue. It starts as soon as a run before it ends.",
            icon=":material/schedule:",
        )


def _button(run: RunRecord, place: str, label: str, icon: str, action: Any, help: str | None = None) -> None:
    # Pause and Resume share a place, so that the row does not move under the mouse when one becomes the
    # other. As a callback the action is done before the page runs, so that no newer run of it swallows the
    # click.
    st.button(
        label,
        icon=f":material/{icon}:",
        key=f"{place}.{run.id}",
        help=help,
        on_click=_command,
        args=(action, run.id),
    )


def _command(action: Any, run_id: str) -> None:
    state.remember("run", run_id)
    try:
        action(run_id, store(), workspace())
    except BuilderError as error:
        frame.tell(error)
