"""Buttons whose click is not lost.

Streamlit gives up the run of a page for any newer request, and with it a click that the run has not come to
yet: of clicks that another request follows within 100 ms, nearly all. What a callback does is done before
the page runs, so it remembers the click until a run of the page has come as far as the button.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from builder.ui import state

_CLICKED = "clicked."


def button(label: str, *, key: str, **looks: Any) -> bool:
    """Show a button and tell, once, that it was clicked.

    Args:
        label: what is written on it.
        key: its identity in the session.
        looks: what else ``st.button`` takes, without a callback.
    """
    st.button(label, key=key, on_click=state.remember, args=(_CLICKED + key, True), **looks)
    return bool(state.take(_CLICKED + key))


def forget() -> None:
    """Drop the clicks that no run of a page has come to; for a page that is left."""
    state.forget(_CLICKED)
