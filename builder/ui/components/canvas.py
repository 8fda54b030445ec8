"""The model editor as a Streamlit component: a graph goes down, the edited graph comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from builder.graph import LONGEST_TEXT

BUNDLE = Path(__file__).parent / "bundle"

_mount = st.components.v2.component(
    "kerablocks_canvas",
    css=(BUNDLE / "canvas.css").read_text(encoding="utf-8"),
    js=(BUNDLE / "canvas.js").read_text(encoding="utf-8"),
)


def canvas(
    document: Mapping[str, Any],
    *,
    doc_version: int | str,
    project_id: int | str,
    token: str,
    key: str,
    revision: int | None = None,
    read_only: bool = False,
    height: int | None = None,
    library: Sequence[Mapping[str, Any]] | None = None,
    on_library_change: Callable[[dict[str, Any]], None] | None = None,
    marks: Mapping[str, str] | None = None,
) -> dict[str, Any] | None:
    """Show the editor and return its newest state.

    The browser takes ``document`` on mounting and whenever ``doc_version`` changes (but see ``revision``),
    and at no other time. Pass the current document always: a browser that mounts anew starts from it.

    Args:
        document: the graph, as ``Graph.to_json`` gives it.
        doc_version: changes when Python, and not the person at the canvas, replaces the document.
        project_id: names the project in the requests for shapes and problems.
        token: sent with every request to the routes.
        key: the component's identity on the page.
        revision: of the project that holds the document. A canvas that has seen this very revision keeps
            what it holds under a new ``doc_version``: its session has ended, and nothing is newer.
        read_only: show the graph without a palette and without a way to change it.
        height: in pixels; None fills the window from the editor's top to its end.
        library: the person's own blocks, as ``{"kind": "own.<name>", "definition": {...}}``; None where
            there is no library to keep them in.
        on_library_change: called with ``{"action": "save" | "remove", "kind": ..., "definition": {...}
            or None}`` when the person keeps an own block or gives it up.
        marks: how blocks differ from another model, by name: "added", "removed", "changed" or "renamed";
            or "costly" where they cost a quantized file its accuracy.

    Returns:
        ``{"rev": int, "docVersion": ..., "document": graph}`` after the last change; None before
        the first, and where the state belongs to another ``doc_version``.
    """
    data = {
        "document": document,
        "docVersion": doc_version,
        "revision": revision,
        "catalogueUrl": "/api/catalogue",
        "inferUrl": "/api/infer",
        "token": token,
        "projectId": str(project_id),
        "readOnly": read_only,
        "height": height,
        "longestText": LONGEST_TEXT,
        "library": None if library is None else list(library),
        "marks": None if marks is None else dict(marks),
    }

    def library_changed() -> None:
        request = st.session_state[key].get("library")
        if request and on_library_change:
            on_library_change(request)

    result = _mount(key=key, data=data, on_graph_change=lambda: None, on_library_change=library_changed)
    state = result.graph
    return state if state and state["docVersion"] == doc_version else None
