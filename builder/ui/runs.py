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
    words = {known: run_words(run, numbers[known]) for known, run in by_id.items()}
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
