"""Bringing own data: an upload or a path on this machine, looked at before anything is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from builder.errors import BuilderError
from builder.project import DataRecipe
from builder.ui import frame, questions, state, uploads
from builder.ui.services import workspace


def own_data(kind: str, key: str) -> DataRecipe | None:
    """Show the ways to bring data of a kind and return the recipe that suits what was brought.

    None before anything was brought, while it is being read, and where it cannot be read, with the reason.

    Args:
        kind: "image", "text" or "table".
        key: tells the widgets of different pages apart.
    """
    try:
        source = _chosen(kind, key)
    except BuilderError as error:
        frame.show_problems(error.problems)
        return None
    if source is None:
        return None
    found = frame.awaited(lambda: questions.proposed(source), "Reading your data …", height=48)
    return None if found is None else DataRecipe(**found)


def _chosen(kind: str, key: str) -> dict[str, Any] | None:
    upload, path = st.columns(2)
    wanted = "a zip with one folder a class" if kind == "image" else "a CSV file with a header line"
    with upload:
        given = st.file_uploader(f"Upload {wanted}", uploads.TYPES_OF[kind], key=f"{key}.upload")
    with path:
        entered = st.text_input(
            "Or a path on this machine",
            placeholder="/home/me/pictures" if kind == "image" else "/home/me/data.csv",
            key=f"{key}.path",
        ).strip()
        limit = st.get_option("server.maxUploadSize")
        folders = ", and for folders with one folder a class" if kind == "image" else ""
        st.caption(f"For data of more than {limit} MB, which cannot be uploaded{folders}.")
    if given is not None:
        return uploads.source_of(_kept(given), kind)
    return uploads.source_of(Path(entered).expanduser(), kind) if entered else None


def _kept(given: Any) -> Path:
    # Once an upload: every click runs the page again, and hashing a large file takes seconds.
    name = f"upload.{given.file_id}"
    kept = state.recall(name)
    if kept is None or not kept.exists():
        kept = uploads.keep_upload(given.name, given, workspace().uploads_folder)
        state.remember(name, kept)
    return kept
