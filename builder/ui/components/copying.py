"""A text that one click copies; where the browser refuses, it is selected to be copied by hand."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

FOLDER = Path(__file__).parent

_mount = st.components.v2.component(
    "kerablocks_copying",
    html='<input type="text" readonly><button type="button">Copy</button><span role="status"></span>',
    css=(FOLDER / "copying.css").read_text(encoding="utf-8"),
    js=(FOLDER / "copying.js").read_text(encoding="utf-8"),
)


def copying(text: str, label: str, key: str) -> None:
    """Show a text in one line with a button that copies it.

    Args:
        label: what the text is, for screen readers.
        key: the component's identity on the page.
    """
    _mount(key=key, data={"text": text, "label": label}, height=44)
