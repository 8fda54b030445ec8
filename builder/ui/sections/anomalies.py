"""What the Results page shows of an anomaly detection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from builder.ui import charts, frame


def behavior(report: Mapping[str, Any]) -> None:
    """Show the errors of normal rows and of anomalies, with the threshold between them."""
    st.markdown("### How well it tells them apart")
    alarms = report["false_alarms"]
    told = "" if alarms is None else f" Of the normal test rows {alarms:.1%} lie above it: false alarms."
    st.caption(
        f"It learned to give back rows of '{frame.escape(str(report['normal']))}' alone; what it gives back "
        "badly is unusual. The threshold, the dotted line, is the error that "
        f"{report['quantile']:.0%} of the normal validation rows stay below.{told}"
    )
    bins = report["histogram"]
    figure = charts.two_histograms(
        bins["edges"], bins["normal"], bins["anomalies"], ("normal", "anomalies"), report["threshold"]
    )
    st.plotly_chart(figure, key="errors", config=charts.PLAIN)


def answer(found: Mapping[str, Any]) -> None:
    """Show whether a sample is unusual, and by how much."""
    st.metric("Prediction", "Unusual" if found["anomaly"] else "Normal")
    st.caption(
        f"Its error is {found['error']:.4g}, {found['error'] / found['threshold']:.2g} times the threshold "
        f"of {found['threshold']:.4g}."
    )
