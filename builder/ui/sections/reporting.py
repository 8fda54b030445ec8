"""The report of a run: one HTML file that opens alone."""

from __future__ import annotations

import streamlit as st

from builder.runs.records import RunRecord
from builder.ui.sections.asking import understood
from builder.ui.uploads import safe_name


def report(run: RunRecord) -> None:
    """Offer the report of a run."""
    st.markdown("### One file for others")
    st.caption(
        "Scores, confusion, curves, groups with many errors, importance, rules, some explained answers, the "
        "data and the model. One HTML file that opens in any browser, without a network and without scripts."
    )
    found = understood(run, "report", {}, "Write the report")
    if found is not None:
        st.download_button(
            "Download the report",
            found["html"],
            f"{safe_name(run.name)}_report.html",
            "text/html",
            type="primary",
            icon=":material/download:",
            on_click="ignore",
        )
