"""Cards that can be chosen: a bordered box that is one large button."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from builder.ui import clicks


@contextmanager
def card(
    name: str, label: str, *, chosen: bool = False, height: int | str = "stretch"
) -> Iterator[list[bool]]:
    """Draw a card around what is written inside; the yielded list's one item tells whether it was clicked.

    Args:
        name: unique on the page.
        label: what the card's button is called for the keyboard and for screen readers.
        chosen: whether the card is the present choice.
    """
    clicked = [False]
    with st.container(
        border=True, key=f"card_{name}{'_chosen' if chosen else ''}", height="stretch", gap="xsmall"
    ):
        yield clicked
        clicked[0] = clicks.button(label, key=f"pick_{name}")
