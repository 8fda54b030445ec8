"""What a model writes down, beside what was said, on the Results page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st


def behavior(report: Mapping[str, Any]) -> None:
    """Show some true texts beside the written ones."""
    st.markdown("### What it writes down")
    rows = [{"True": item["true"], "Written": item["predicted"]} for item in report["examples"]]
    st.dataframe(pd.DataFrame(rows), hide_index=True)
