"""What a browser session remembers. The only place, besides a widget itself, that touches session_state.

Sessions are disposable: everything worth keeping lies in the store, and the address names the project.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import streamlit as st

PROJECT = "project"


def project_id() -> str | None:
    """Return the id of the open project: the address names it, else the session remembers it."""
    found = st.query_params.get(PROJECT) or st.session_state.get("_project")
    if found:
        st.session_state["_project"] = found
    return found


def show_in_address(identifier: str) -> None:
    """Keep the project in the address, so that a reload or a bookmark finds it."""
    if st.query_params.get(PROJECT) != identifier:
        st.query_params[PROJECT] = identifier


def open_project(identifier: str | None) -> None:
    """Make a project the open one, or none."""
    if identifier is None:
        st.session_state.pop("_project", None)
        st.query_params.pop(PROJECT, None)
    else:
        st.session_state["_project"] = identifier


def remember(name: str, value: Any) -> None:
    """Keep a value for this session."""
    st.session_state[f"_{name}"] = value


def recall(name: str, default: Any = None) -> Any:
    """Return a value that this session keeps."""
    return st.session_state.get(f"_{name}", default)


def take(name: str, default: Any = None) -> Any:
    """Return a value that this session keeps, and forget it."""
    return st.session_state.pop(f"_{name}", default)


def forget(beginning: str) -> None:
    """Forget every value of this session whose name begins so."""
    for name in [name for name in st.session_state if str(name).startswith(f"_{beginning}")]:
        del st.session_state[name]


def document_version(project: str) -> str:
    """Return the version of the open document as the canvas knows it.

    It is of this session: what a canvas holds from a session that has ended may be older than the project.
    """
    session = st.session_state.setdefault("_session", secrets.token_hex(4))
    return f"{project}:{session}:{st.session_state.get('_document_version', 0)}"


def replace_document() -> None:
    """Tell the canvas that its document was replaced from outside."""
    st.session_state["_document_version"] = st.session_state.get("_document_version", 0) + 1


def widget_key(project: str, name: str) -> str:
    """Return the key of a project's widget; another one after ``renew_widgets``."""
    times = st.session_state.get(f"_renewed.{project}", 0)
    return f"{name}.{project}" + (f".{times}" if times else "")


def renew_widgets(project: str) -> None:
    """Make new widgets of a project's, which show its document instead of what the old ones hold."""
    name = f"_renewed.{project}"
    st.session_state[name] = st.session_state.get(name, 0) + 1


def component_state(key: str, name: str) -> Mapping[str, Any] | None:
    """Return a value that a component has set, or None before it has."""
    state = st.session_state.get(key)
    return state.get(name) if state else None


def picked(key: str) -> list[Any]:
    """Return what stands behind the points that were chosen in a chart: their custom data."""
    points = (component_state(key, "selection") or {}).get("points", [])
    behind = [point.get("customdata") for point in points]
    return [value[0] if isinstance(value, list) else value for value in behind if value is not None]


def set_widget(key: str, value: Any) -> None:
    """Set what a widget shows; only before it is drawn."""
    st.session_state[key] = value


def widget_value(key: str, default: Any = None) -> Any:
    """Return what a widget holds; for callbacks."""
    return st.session_state.get(key, default)


def address() -> str:
    """Return the address of the studio as the browser has it, without the page."""
    return str(st.context.url or "").rsplit("/", 1)[0]


def address_parameter(name: str) -> str | None:
    """Return what the address says under a name, or None."""
    return st.query_params.get(name)


def forget_address_parameter(name: str) -> None:
    """Take a parameter out of the address."""
    st.query_params.pop(name, None)
