"""Choosing among the runs of a project; the pages that do so pass the choice on to each other."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from builder.runs.records import RunRecord
from builder.ui import clicks, frame, state
from builder.ui.format import run_words
from builder.ui.services import store

RUNS_SHOWN = 50


def titles(runs: Sequence[RunRecord], project_id: str) -> dict[str, str]:
    """Return what runs of a project are called, by their id: on every page the same."""
    numbers = store().run_numbers(project_id)
    return {run.id: run_words(run, numbers[run.id]) for run in runs if run.id in numbers}


def nothing_trained(hint: str) -> None:
    """Say that no run has ended with a model yet, with what follows from it, and lead to training."""
    st.info(f"Nothing has been trained to its end yet. {hint}", icon=":material/insights:")
    if clicks.button(
        "Go to training", key="go_to_training", type="primary", icon=":material/model_training:"
    ):
        frame.leave_for(frame.TRAIN)


def run_chooser(runs: Sequence[RunRecord], name: str) -> RunRecord | None:
    """Show runs of the open project, newest first, and return the chosen one; None where there is none.

    Args:
        name: tells the choosers of different pages apart.
    """
    words = titles(runs, frame.current_id())
    by_id = {run.id: run for run in runs if run.id in words}
    if not by_id:
        return None
    memory = f"{name}.{frame.current_id()}"
    # The browser goes on showing the words that were chosen, so other words need another widget.
    key = f"{memory}.{hash(tuple(words.values()))}"
    wanted = state.take("run")
    if wanted in by_id:
        state.remember(memory, wanted)
        state.set_widget(key, wanted)
    before = state.recall(memory)
    index = list(by_id).index(before) if before in by_id else 0
    chosen: str = st.selectbox("Run", list(by_id), index, key=key, format_func=words.__getitem__)
    state.remember(memory, chosen)
    return by_id[chosen]
