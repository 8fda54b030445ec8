"""What the Results page shows of a masked language model: its guesses, and one's own text with gaps."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from builder.data.masking import MASK
from builder.data.prepare import Prepared
from builder.runs.records import RunRecord
from builder.ui import charts, clicks, frame, questions, state

MAXIMUM_TEXT = 5_000
HEIGHT = 280


def behavior(report: Mapping[str, Any]) -> None:
    """Show hidden words of the test part beside what the model took them for."""
    st.markdown("### Hidden words of the test part")
    st.caption(
        f"What stood in the place of each {MASK}, and the model's first guess. '##' begins what goes on with "
        "the word before. Longer training on more text makes better guesses."
    )
    columns = {"text": "Text", "hidden": "Hidden", "guessed": "Guessed"}
    shown = pd.DataFrame(report["examples"], columns=list(columns)).rename(columns=columns)
    st.dataframe(shown, hide_index=True, column_config={"Text": st.column_config.TextColumn(width="large")})


def fill_in(run: RunRecord, prepared: Prepared) -> None:
    """Show a text with gaps, and beside it what the model puts into them."""
    left, right = st.columns(2, gap="large")
    with left:
        if clicks.button("Take a text from the test part", key="gaps.take", icon=":material/casino:"):
            row = int(np.random.default_rng().choice(prepared.indices["test"]))
            state.set_widget("gaps.text", _with_one_gap(prepared.sample(row)["text"]))
        text = st.text_area(
            "Your text",
            key="gaps.text",
            max_chars=MAXIMUM_TEXT,
            height=160,
            placeholder=f"Type a text and write {MASK} in the place of a word",
        )
    with right:
        _filled(run, text.strip())


def _with_one_gap(text: str) -> str:
    words = text.split() or [""]
    words[len(words) // 2] = MASK
    return " ".join(words)


def _filled(run: RunRecord, text: str) -> None:
    if MASK not in text:
        frame.placeholder(f"Write {MASK} where the model should guess.", HEIGHT)
        return
    found = frame.awaited(lambda: questions.prediction(run.id, {"text": text}), "Guessing …", height=HEIGHT)
    if found is None:
        return
    st.html(f'<div style="white-space: pre-wrap">{html.escape(found[0]["text"])}</div>')
    for number, gap in enumerate(found[0]["gaps"], start=1):
        st.caption(f"Gap {number}")
        st.plotly_chart(charts.probability_bars(gap), key=f"gap.{number}", config=charts.PLAIN)
