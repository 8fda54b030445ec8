"""Opening a model that Keras has saved: its blocks become a project, whose data are chosen afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from builder.errors import BuilderError
from builder.project import opened_project
from builder.ui import clicks, frame, projects, questions, state, uploads
from builder.ui.format import count_words
from builder.ui.services import workspace

# The last two are not opened, and the person reads why.
TYPES = ["keras", "h5", "zip"]


def open_model() -> None:
    """Offer to open a model from a file, show what is in it, and make a project of it."""
    given = st.file_uploader("A model saved by Keras (.keras)", TYPES, key="open.model")
    st.caption("Its blocks come to the canvas as they are, with their weights. The file is never run.")
    if given is None:
        return
    try:
        file = _kept(given)
    except BuilderError as error:
        frame.show_problems(error.problems)
        return
    found = frame.awaited(lambda: questions.opened_model(file), "Reading the model …", height=48)
    if found is not None:
        _offer(found, file)


def _offer(found: dict[str, Any], file: Path) -> None:
    blocks = count_words(len(found["graph"]["nodes"]), "block")
    weights = "with its weights" if found["has_weights"] else "without weights"
    name = frame.escape(found["name"])
    st.markdown(f"**{name}** · {blocks} · {found['parameters']:,} parameters · {weights}")
    for note in found["notes"]:
        st.caption(frame.escape(note))
    if clicks.button(
        "Create project from it", key="create.opened", type="primary", icon=":material/account_tree:"
    ):
        state.open_project(projects.keep(opened_project(found, file, file.stem)))
        frame.leave_for(frame.MODEL)


def _kept(given: Any) -> Path:
    # Once an upload: every click runs the page again, and hashing a large file takes seconds.
    name = f"upload.{given.file_id}"
    kept: Path | None = state.recall(name)
    if kept is None or not kept.exists():
        kept = uploads.keep_upload(given.name, given, workspace().uploads_folder)
        state.remember(name, kept)
    return kept
