"""Try a language model: give it a beginning and see what it writes."""

from __future__ import annotations

import html
from typing import Any

import streamlit as st

from builder.runs.records import RunRecord
from builder.ui import forms, frame, questions, state
from builder.writing_settings import WRITING_PARAMETERS

MAXIMUM_PROMPT = 5_000
HEIGHT = 320
LOOK_SECONDS = 0.4


def write_on(run: RunRecord) -> None:
    """Show the beginning and the settings, and beside them the text as it is written."""
    left, right = st.columns(2, gap="large")
    with left:
        prompt = st.text_area(
            "Beginning",
            key="write.prompt",
            max_chars=MAXIMUM_PROMPT,
            height=120,
            placeholder="Type some words that the model goes on from",
        )
        settings = forms.parameter_form(
            WRITING_PARAMETERS, state.recall("write.settings", {}), "write.form", columns=2, owner="Writing"
        )
        state.remember("write.settings", settings)
        st.button(
            "Write on",
            type="primary",
            icon=":material/edit_note:",
            disabled=not prompt,
            on_click=state.remember,
            args=("write.asked", {"run_id": run.id, "prompt": prompt, "settings": settings}),
        )
    with right:
        _written(run)


def _written(run: RunRecord) -> None:
    asked: dict[str, Any] | None = state.recall("write.asked")
    if asked is None or asked["run_id"] != run.id:
        frame.placeholder("The text appears here.", HEIGHT)
        return
    answer = questions.written(asked)
    if answer.state == "working":
        _as_it_is_written(asked)
    elif answer.state == "failed":
        frame.show_problems(answer.problems)
    else:
        _show(asked, answer.value)


@frame.polled(LOOK_SECONDS)
def _as_it_is_written(asked: dict[str, Any]) -> None:
    if questions.written(asked).state != "working":
        st.rerun()
    _show(asked, questions.written_so_far(asked), " ▌")


def _show(asked: dict[str, Any], text: str, end: str = "") -> None:
    with st.container(border=True, height=HEIGHT):
        # As it is written, spaces and line feeds included.
        prompt, written = html.escape(asked["prompt"]), html.escape(text + end)
        st.html(f'<div style="white-space: pre-wrap"><b>{prompt}</b>{written}</div>')
