"""A question about a trained model that takes a while: started by a click, followed, ended, shown."""

from __future__ import annotations

from typing import Any

import streamlit as st

from builder.runs.records import RunRecord
from builder.ui import frame, questions

# Why a question has no answer for a model, rather than that something went wrong.
UNFITTING = ("no_columns", "not_explained", "no_attention", "no_convolution", "no_feature_maps", "empty_part")


def understood(
    run: RunRecord, what: str, settings: dict[str, Any], label: str, *, at_once: bool = False
) -> dict[str, Any] | None:
    """Return the answer to a question about a run's model; until it is there, show how to get it.

    Args:
        run: the run.
        what: one of the questions of ``builder.jobs.understanding``.
        settings: those of the question.
        label: what the button that starts it says.
        at_once: whether it starts by itself, because it takes a moment only.
    """
    known = questions.understanding(run.id, what, settings)
    if known is None and at_once:
        questions.start_understanding(run.id, what, settings)
        known = questions.understanding(run.id, what, settings)
    if known is not None and known.state == "ready":
        found: dict[str, Any] = known.value
        return found
    if known is not None and known.state == "working":
        _follow(run.id, what, settings)
        return None
    if known is not None:
        codes = {problem.code for problem in known.problems}
        if codes & set(UNFITTING):
            for problem in known.problems:
                st.info(frame.escape(problem.message), icon=":material/info:")
            return None
        frame.show_problems(known.problems)
    st.button(
        label,
        type="primary",
        icon=":material/play_arrow:",
        key=f"ask.{what}",
        on_click=questions.start_understanding,
        args=(run.id, what, settings),
    )
    return None


@frame.polled(0.5)
def _follow(run_id: str, what: str, settings: dict[str, Any]) -> None:
    known = questions.understanding(run_id, what, settings)
    if known is None or known.state != "working":
        st.rerun()
    seen = questions.understanding_progress(run_id, what, settings)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(seen["share"], text=f"{seen['words']} …")
        st.button(
            "Cancel",
            key=f"cancel.{what}",
            icon=":material/close:",
            on_click=questions.cancel_understanding,
            args=(run_id, what, settings),
        )
