"""What the Results page shows where any number of labels may be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from builder.scores import metric_value
from builder.ui import charts, frame
from builder.ui.tables import share_column

MOST_SHOWN = 15


def behavior(report: Mapping[str, Any]) -> None:
    """Show every label's scores, and the threshold that suits it best."""
    st.markdown("### Label by label")
    st.caption(
        "A label is given from a probability of 0.5. The best threshold is the one with the highest F1 on "
        f"the validation part; with these thresholds the F1 over all labels is "
        f"{metric_value('micro_f1', report['micro_f1_at_thresholds'])}."
    )
    st.dataframe(
        pd.DataFrame(report["classes"]),
        hide_index=True,
        column_config={
            "name": st.column_config.TextColumn("Label"),
            "precision": share_column("Precision", "Of the rows given this label, how many have it."),
            "recall": share_column("Recall", "Of the rows with this label, how many were found."),
            "f1": share_column("F1", "The harmonic mean of precision and recall."),
            "support": st.column_config.NumberColumn("Test rows"),
            "threshold": st.column_config.NumberColumn("Best threshold", format="%.2f"),
            "f1_at_threshold": share_column("F1 with it"),
        },
    )


def answer(found: Mapping[str, Any], title: str, target: str) -> None:
    """Show every label whose probability is over a threshold that can be moved."""
    threshold = st.slider("Threshold", 0.05, 0.95, 0.5, 0.05, key=f"threshold.{target}")
    chances = found["probabilities"]
    given = [name for name, chance in chances.items() if chance > threshold]
    st.metric(title, frame.escape(", ".join(given)) or "None of the labels")
    likeliest = dict(sorted(chances.items(), key=lambda item: -item[1])[:MOST_SHOWN])
    st.plotly_chart(charts.probability_bars(likeliest), key=f"bars.{target}", config=charts.PLAIN)
