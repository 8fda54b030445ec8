"""What the Results page shows of a forecast: its errors step by step, and windows of the test part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from builder.scores import metric_value
from builder.ui import charts


def behavior(report: Mapping[str, Any]) -> None:
    """Show how the error grows with every step ahead, the rules to beat, and some forecasts."""
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.markdown("### Step by step")
        st.caption("The average error of the first value foretold, of the second, and so on.")
        st.plotly_chart(charts.step_errors(report["by_step"]), key="steps", config=charts.PLAIN)
    with right:
        st.markdown("### Beside simple rules")
        st.caption("What needs no model. A forecast that is no better has learned nothing.")
        scored = {"This model": report["mean_absolute_error"], **report["baselines"]}
        shown = {
            "Rule": [rule[0].upper() + rule[1:] for rule in scored],
            "Average error": [metric_value("mean_absolute_error", value) for value in scored.values()],
        }
        st.dataframe(pd.DataFrame(shown), hide_index=True)
    st.markdown("### Forecasts of the test part")
    with st.grid(3, min_column_width=260, gap="small"):
        for example in report["examples"]:
            figure = charts.forecast(example["past"], example["true"], example["predicted"])
            st.plotly_chart(figure, key=f"forecast.{example['row']}", config=charts.PLAIN)
