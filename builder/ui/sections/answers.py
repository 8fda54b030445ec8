"""What the Results page shows of a text-to-text model: answers beside the right ones, and one's own text."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from builder.data.prepare import Prepared
from builder.runs.records import RunRecord
from builder.ui import clicks, forms, frame, questions, state
from builder.writing_settings import ANSWER_PARAMETERS

MAXIMUM_TEXT = 5_000
HEIGHT = 220


def behavior(report: Mapping[str, Any]) -> None:
    """Show some answers of the test part, and what the scores mean."""
    st.markdown("### Answers of the test part")
    st.caption(
        f"Written piece by piece for {report['answered']:,} texts, always the likeliest piece. BLEU counts "
        "runs of words that stand in the right answer too (0 to 100); ROUGE-L the longest row of words in "
        "common. "
        f"{report['signature']}"
    )
    columns = {"text": "Text", "answer": "Answer", "reference": "Right answer"}
    shown = pd.DataFrame(report["examples"])[list(columns)].rename(columns=columns)
    st.dataframe(
        shown,
        hide_index=True,
        column_config={name: st.column_config.TextColumn(width="large") for name in columns.values()},
    )


def answer_text(run: RunRecord, prepared: Prepared) -> None:
    """Show a text and the settings, and beside them what the model makes of it."""
    read = prepared.spec.inputs[0].settings
    left, right = st.columns(2, gap="large")
    with left:
        if clicks.button("Take a text from the test part", key="answer.take", icon=":material/casino:"):
            row = np.random.default_rng().choice(prepared.indices["test"])
            sample = prepared.sample(int(row))
            state.set_widget("answer.text", sample["text"])
            state.remember("answer.right", (sample["text"], sample["answer"]))
        if read.get("prefixes"):
            known = ", ".join(frame.escape(prefix) for prefix in read["prefixes"])
            st.caption(f"Begin with the task: {known}.")
        text = st.text_area(
            "Your text",
            key="answer.text",
            max_chars=MAXIMUM_TEXT,
            height=120,
            placeholder="Type or paste a text",
        )
        settings = forms.parameter_form(
            ANSWER_PARAMETERS, state.recall("answer.settings", {}), "answer.form", columns=2, owner="Answers"
        )
        state.remember("answer.settings", settings)
    with right:
        _answer(run, text.strip(), settings)


def _answer(run: RunRecord, text: str, settings: dict[str, Any]) -> None:
    if not text:
        frame.placeholder("The answer appears here.", HEIGHT)
        return
    asked = {"run_id": run.id, "text": text, "settings": settings}
    found = frame.awaited(lambda: questions.answered(asked), "Writing …", height=HEIGHT)
    if found is None:
        return
    with st.container(border=True, height=HEIGHT):
        st.caption("Answer")
        written = html.escape(found) or "<i>Nothing: the model ended at once.</i>"
        st.html(f'<div style="white-space: pre-wrap; font-size: 1.25rem">{written}</div>')
        of, right = state.recall("answer.right", ("", ""))
        if of.strip() == text:
            st.caption("Right answer")
            st.html(f'<div style="white-space: pre-wrap">{html.escape(right)}</div>')
