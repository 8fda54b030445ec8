"""Cross-validation on the Train page: one run a fold, and their scores together."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from builder.errors import BuilderError
from builder.jobs import cross_validation
from builder.project import Project
from builder.runs.records import ENDED
from builder.scores import metric_name, metric_value
from builder.ui import frame, state
from builder.ui.services import store, workspace

_RUNS_LOOKED_AT = 100
_USUAL_FOLDS = 5


def cross_validate(project: Project) -> None:
    """Offer one run a fold, and show what the newest folds of this project say together."""
    with st.expander("Cross-validate", icon=":material/fork_right:"):
        st.caption(
            "Trains the model several times, each time with another part of the rows as the test. The spread "
            "of the scores shows how far to trust one of them."
        )
        folds = st.number_input(
            "Folds", cross_validation.FEWEST, cross_validation.MOST, _USUAL_FOLDS, key="cross.folds"
        )
        st.button(
            f"Train {folds} times",
            icon=":material/play_circle:",
            width="stretch",
            key="cross.start",
            on_click=_start,
            args=(project, int(folds)),
        )
        frame.show_problems(state.take("cross.problems", ()))
        _scores()


def _start(project: Project, folds: int) -> None:
    try:
        ids = cross_validation.submit_folds(
            project.to_json(), folds, frame.current_id(), store(), workspace()
        )
    except BuilderError as error:
        state.remember("cross.problems", error.problems)
        return
    state.remember("run", ids[0])


def _scores() -> None:
    runs = cross_validation.newest_folds(
        store().list_runs(project_id=frame.current_id(), limit=_RUNS_LOOKED_AT)
    )
    if not runs:
        return
    ended = sum(run.status in ENDED for run in runs)
    st.caption(f"{ended} of {len(runs)} folds have ended.")
    spreads = cross_validation.summary(runs)
    if not spreads:
        return
    rows = [
        {
            "Score": metric_name(name),
            "Mean": metric_value(name, spread.mean),
            "±": "–" if math.isnan(spread.deviation) else metric_value(name, spread.deviation),
            "Lowest": metric_value(name, spread.smallest),
            "Highest": metric_value(name, spread.largest),
        }
        for name, spread in spreads.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)
