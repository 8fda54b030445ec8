"""How columns of tables are shown."""

from __future__ import annotations

from typing import Any

import streamlit as st

# Pixels: what a bar with its percentage needs, about what a letter takes, and the margins of a title.
BAR, LETTER, MARGINS = 120, 8, 16


def share_column(label: str, help: str | None = None) -> Any:
    """Return the column of a share, 0 to 1, as a bar with its percentage."""
    width = max(BAR, LETTER * len(label) + MARGINS)
    return st.column_config.ProgressColumn(
        label, width=width, help=help, min_value=0.0, max_value=1.0, format="percent"
    )
