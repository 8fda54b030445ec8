"""How columns of tables are shown."""

from __future__ import annotations

from typing import Any

import streamlit as st


def share_column(label: str, help: str | None = None) -> Any:
    """Return the column of a share, 0 to 1, as a bar with its percentage."""
    return st.column_config.ProgressColumn(label, help=help, min_value=0.0, max_value=1.0, format="percent")
