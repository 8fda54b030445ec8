"""The parts of the Train page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from builder.errors import BuilderError
from builder.jobs import training
from builder.project import TRAINING_PARAMETERS, Project
from builder.runs.records import ACTIVE, QUEUED, RESUMABLE, RunRecord
from builder.ui import forms, frame, projects, questions, state
from builder.ui.components import mounts
from builder.ui.format import ago, duration, metric_name, metric_value, status_badge
from builder.ui.services import TOKEN, store, workspace

POLL_SECONDS = 1.0
RUNS_SHOWN = 50
EVENTS_SHOWN = 30
CHART_HEIGHT = 430


def settings(project: Project) -> Project:
    """Show the training settings and keep what is changed."""
    st.markdown("### Settings")
    chosen = forms.parameter_form(
        TRAINING_PARAMETERS, project.training, f"training.{frame.current_id()}", columns=2, owner="Training"
    )
    if chosen != dict(project.training):
        project = replace(project, training=chosen)
        frame.save(project)
    return project


def start(project: Project) -> None:
    """Show what stands against training, and the button that starts it."""
    found = questions.problems(project)
    checked = frame.awaited(lambda: questions.problems(project), "Checking the model …", height=40)
    frame.show_problems(checked or ())
    blocked = found.state == "failed" or any(problem["severity"] == "error" for problem in checked or ())
    if st.button(
        "Start training",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=blocked or found.state == "working",
    ):
        try:
            state.remember("run", projects.start_once(frame.current_id()))
        except BuilderError as error:
            frame.show_problems(error.problems)
            return
        st.rerun()


def choose_run() -> RunRecord | None:
    """Return the chosen run of this project; the newest at first, None where there is none."""
    runs = store().list_runs(project_id=frame.current_id(), limit=RUNS_SHOWN)
    if not runs:
        return None
    by_id = {run.id: run for run in runs}
    wanted = state.take("run")
    key = f"run.{frame.current_id()}"
    if wanted in by_id:
        state.set_widget(key, wanted)
    chosen = st.selectbox(
        "Run", list(by_id), format_func=lambda identifier: _run_words(by_id[identifier]), key=key
    )
    return by_id[chosen]


def nothing_yet() -> None:
    """Say what will be here."""
    with st.container(
        border=True, height=CHART_HEIGHT, horizontal_alignment="center", vertical_alignment="center"
    ):
        st.markdown("### :material/monitoring: No run yet", width="content")
        st.caption("Start training to see the curves grow here, while they grow.", width="content")


def progress(run: RunRecord) -> None:
    """Show a run's state and its controls, fresh every second while it goes on."""
    if run.status in (*ACTIVE, QUEUED):
        st.fragment(_live_progress, run_every=POLL_SECONDS)(run.id)
    else:
        _ended(run)


def curves(run: RunRecord) -> None:
    """Show the run's live curves."""
    mounts.live_chart(
        key=f"chart.{run.id}",
        data={"metricsUrl": f"/api/runs/{run.id}/metrics", "token": TOKEN, "runId": run.id},
        height=CHART_HEIGHT,
    )


def events(run: RunRecord) -> None:
    """List what happened to the run."""
    found = store().events(run.id)[-EVENTS_SHOWN:]
    if not found:
        return
    with st.expander("What happened", icon=":material/history:"):
        for event in reversed(found):
            st.markdown(f":gray[{ago(event.created_at)}] · {frame.escape(event.message)}")


def _live_progress(run_id: str) -> None:
    run = store().run(run_id)
    if run.status not in (*ACTIVE, QUEUED):
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(status_badge(run.status), width="content")
        st.markdown(_state_words(run), width="content")
        st.space("stretch")
        _controls(run)
    st.progress(_share(run.progress))


def _controls(run: RunRecord) -> None:
    if run.status == "running" and st.button("Pause", icon=":material/pause:", key=f"pause.{run.id}"):
        _command(training.pause, run)
    if run.status == "paused" and st.button("Resume", icon=":material/play_arrow:", key=f"resume.{run.id}"):
        _command(training.resume, run)
    if st.button(
        "Stop", icon=":material/stop:", key=f"stop.{run.id}", help="Ends the run and keeps its best weights."
    ):
        _command(training.stop, run)


def _ended(run: RunRecord) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(status_badge(run.status), width="content")
        st.markdown(_score_words(run), width="content")
        st.space("stretch")
        if run.status in RESUMABLE and st.button(
            "Resume", icon=":material/play_arrow:", key=f"resume.{run.id}"
        ):
            _command(training.resume, run)
        if run.result and st.button(
            "See results", type="primary", icon=":material/insights:", key=f"results.{run.id}"
        ):
            state.remember("run", run.id)
            st.switch_page(frame.RESULTS)
    if run.error:
        frame.show_problems([{"severity": "error", **run.error}])
    elif run.status == "interrupted":
        st.warning(
            "The run ended without notice, perhaps because the machine was switched off. Resume goes on "
            "from its last checkpoint.",
            icon=":material/power_off:",
        )


def _command(action: Any, run: RunRecord) -> None:
    try:
        action(run.id, store(), workspace())
    except BuilderError as error:
        frame.show_problems(error.problems)
        return
    state.remember("run", run.id)
    st.rerun()


def _state_words(run: RunRecord) -> str:
    seen = run.progress
    if run.status == QUEUED:
        position = training.queue_position(run.id, store())
        return f":gray[Number {position} in the queue]" if position else ":gray[Waiting for its turn]"
    if not seen.get("epochs"):
        return f":gray[{seen.get('phase') or 'Getting ready'} …]"
    words = [f"Epoch {seen.get('epoch', 0)} of {seen['epochs']}"]
    if seen.get("seconds_left") is not None:
        words.append(f"about {duration(seen['seconds_left'])} left")
    if seen.get("samples_per_second"):
        words.append(f"{seen['samples_per_second']:,.0f} samples a second")
    if seen.get("device"):
        words.append(str(seen["device"]))
    return f":gray[{' · '.join(words)}]"


def _share(seen: dict[str, Any]) -> float:
    epochs, steps = seen.get("epochs") or 0, seen.get("steps_per_epoch") or 0
    if not epochs or not steps:
        return 0.0
    done = max(0, seen.get("epoch", 1) - 1) * steps + seen.get("step", 0) % (steps + 1)
    return min(1.0, done / (epochs * steps))


def _score_words(run: RunRecord) -> str:
    scores = run.result.get("test") or run.result.get("metrics") or {}
    shown = [
        f"{metric_name(name)} {metric_value(name, value)}"
        for name, value in scores.items()
        if isinstance(value, (int, float)) and name != "loss"
    ][:2]
    seconds = run.result.get("seconds")
    return f":gray[{' · '.join([*shown, *([duration(seconds)] if seconds else [])])}]"


def _run_words(run: RunRecord) -> str:
    return f"{run.name} · {ago(run.created_at)} · {run.status}"
