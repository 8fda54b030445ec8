"""Choosing among the runs of a project; the pages that do so pass the choice on to each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from builder.runs.records import RunRecord
from builder.ui import frame, state
from builder.ui.format import run_words

RUNS_SHOWN = 50


def run_chooser(
    runs: Sequence[RunRecord], name: str, offered: Callable[[RunRecord], bool] = lambda run: True
) -> RunRecord | None:
    """Show the runs that are offered, newest first, and return the chosen one; None where there is none.

    Args:
        runs: all runs of the project, newest first, so that every page gives a run the same number.
        name: tells the choosers of different pages apart.
        offered: which of the runs may be chosen.
    """
    numbers = {run.id: len(runs) - place for place, run in enumerate(runs)}
    by_id = {run.id: run for run in runs if offered(run)}
    if not by_id:
        return None
    key = f"{name}.{frame.current_id()}"
    wanted = state.take("run")
    if wanted in by_id:
        state.set_widget(key, wanted)
    chosen = st.selectbox(
        "Run", list(by_id), key=key, format_func=lambda known: run_words(by_id[known], numbers[known])
    )
    return by_id[chosen]
