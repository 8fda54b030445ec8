"""Bringing data: an upload, a path on this machine or a public data set, looked at before they are used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from builder.data.places import allowed_folders, check_place
from builder.errors import BuilderError
from builder.project import DataRecipe
from builder.ui import frame, questions, state, uploads
from builder.ui.services import workspace

# The data sets of keras.datasets that suit each kind of data.
PUBLIC = {
    "image": ("mnist", "fashion_mnist", "cifar10", "cifar100"),
    "audio": (),
    "text": ("imdb", "reuters"),
    "table": ("california_housing",),
    "mixed": (),
}
_HUB = "Hugging Face hub …"


def own_data(kind: str, task: str, key: str) -> DataRecipe | None:
    """Show the ways to bring data of a kind and return the recipe that suits what was brought.

    None before anything was brought, while it is being read, and where it cannot be read, with the reason.

    Args:
        kind: "image", "audio", "text" or "table".
        task: what the data are for.
        key: tells the widgets of different pages apart.
    """
    try:
        source = _chosen(kind, key)
    except BuilderError as error:
        frame.show_problems(error.problems)
        return None
    if source is None:
        return None
    found = frame.awaited(lambda: questions.proposed(source, task), "Reading your data …", height=48)
    return None if found is None else DataRecipe(**found)


def _chosen(kind: str, key: str) -> dict[str, Any] | None:
    ways = ["A file", "A path on this machine", "A public data set"]
    way = st.segmented_control(
        "Where the data are",
        ways,
        default=ways[0],
        required=True,
        key=f"{key}.way",
        label_visibility="collapsed",
    )
    if way == ways[0]:
        given = st.file_uploader(
            f"Upload {uploads.WANTED[kind]}", uploads.TYPES_OF[kind], key=f"{key}.upload"
        )
        limit = st.get_option("server.maxUploadSize")
        st.caption(f"For data of more than {limit} MB choose '{ways[1]}'.")
        return None if given is None else uploads.source_of(_kept(given), kind)
    return _path(kind, key) if way == ways[1] else _public(kind, key)


def _path(kind: str, key: str) -> dict[str, Any] | None:
    folders = allowed_folders(workspace().root)
    entered = st.text_input(
        f"Path of {uploads.WANTED[kind]}", placeholder=str(folders[-1] / "my-data"), key=f"{key}.path"
    ).strip()
    st.caption(
        "For data of any size. Allowed are the folders "
        + ", ".join(f"`{folder}`" for folder in folders)
        + "."
    )
    return uploads.source_of(check_place(Path(entered), folders), kind) if entered else None


def _public(kind: str, key: str) -> dict[str, Any] | None:
    offered = PUBLIC[kind]
    names = [*offered, *([_HUB] if kind in ("text", "table") else [])]
    if not names:
        st.caption("There is none of this kind yet. Bring a file of your own.")
        return None
    name = st.selectbox("Data set", names, index=None, placeholder="Choose one", key=f"{key}.public")
    st.caption("Fetched from the network the first time, and kept on this machine.")
    if name == _HUB:
        hub = st.text_input("Its name on the hub", placeholder="owner/name", key=f"{key}.hub").strip()
        return {"kind": "huggingface", "name": hub} if hub else None
    return {"kind": "keras", "name": name} if name else None


def _kept(given: Any) -> Path:
    # Once an upload: every click runs the page again, and hashing a large file takes seconds.
    name = f"upload.{given.file_id}"
    kept = state.recall(name)
    if kept is None or not kept.exists():
        kept = uploads.keep_upload(given.name, given, workspace().uploads_folder)
        state.remember(name, kept)
    return kept
