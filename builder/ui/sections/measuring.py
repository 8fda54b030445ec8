"""Measuring runs from a page: start it, follow it, end it."""

from __future__ import annotations

import streamlit as st

from builder.jobs import measuring
from builder.ui import frame, questions
from builder.ui.services import workspace


def follow(name: str) -> bool:
    """Show a measuring that is at work, or what hindered the last one; tell whether one is at work.

    Args:
        name: whose measuring it is: a run's or a project's id.
    """
    if questions.is_measuring(name):
        _progress(name)
        return True
    answer = questions.last_measuring(name)
    if answer is not None:
        frame.show_problems(answer.problems or (answer.value or {}).get("problems", ()))
    return False


@frame.polled(1.0)
def _progress(name: str) -> None:
    if not questions.is_measuring(name):
        st.rerun()
    seen = measuring.progress_of(name, workspace())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.progress(min(1.0, seen["share"]), text=f"{seen['words']} …", width="stretch")
        st.button(
            "Cancel",
            icon=":material/stop_circle:",
            key=f"cancel.{name}",
            help="Ends at the next step. What was measured before stays.",
            on_click=measuring.cancel,
            args=(name, workspace()),
        )
