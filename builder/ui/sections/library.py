"""The parts of the Library page: a person's own blocks."""

from __future__ import annotations

import json

import streamlit as st

from builder.errors import BuilderError
from builder.library import block_file, parse_block_file
from builder.runs.records import LibraryBlock
from builder.ui import frame, own_blocks, state, uploads
from builder.ui.format import ago, count_words
from builder.ui.services import store

REMOVED = "removed_block"


def heading() -> None:
    """Name the page and say what it is for."""
    st.markdown("# Library")
    st.caption(
        "Blocks of your own, ready for every project. On the canvas, choose several blocks, make one block "
        "of them, and save it here."
    )


def offer_undo() -> None:
    """Offer to put back the block that was removed last."""
    removed: LibraryBlock | None = state.recall(REMOVED)
    if removed is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"Removed **{frame.escape(removed.label)}** from the library. Projects keep their copies."
        )
        st.space("stretch")
        st.button("Put it back", icon=":material/undo:", on_click=_put_back, args=(removed,))


def blocks() -> None:
    """List the blocks, each with its name, a download and a way out."""
    found = store().blocks()
    if not found:
        st.info("Nothing here yet.", icon=":material/widgets:")
    for block in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
            _row(block)


def add_from_file() -> None:
    """Take own blocks from a file: one that was downloaded here, or a project that has some."""
    with st.expander("Add blocks from a file", icon=":material/upload_file:"):
        given = st.file_uploader("A block file or a project file (JSON)", ["json"], max_upload_size=10)
        if given is None:
            return
        try:
            found = parse_block_file(given.getvalue(), given.name)
        except BuilderError as error:
            frame.show_problems(error.problems)
            return
        known = {block.kind for block in store().blocks()}
        for kind, definition in found.items():
            note = " · takes the place of the one in the library" if kind in known else ""
            st.markdown(f"**{frame.escape(definition['label'])}** `{kind}`{note}")
        st.button("Add to the library", type="primary", on_click=own_blocks.add, args=(found,))


def _row(block: LibraryBlock) -> None:
    key = f"label.{block.kind}.{block.updated_at}"
    with st.container(width=320):
        st.text_input(
            f"Name of {block.kind}",
            block.label,
            key=key,
            max_chars=frame.MAXIMUM_NAME,
            label_visibility="collapsed",
            on_change=_rename,
            args=(block, key),
        )
    inside = count_words(len(block.definition["graph"]["nodes"]), "block")
    st.markdown(f"`{block.kind}`  \n:small[:gray[{inside} inside · changed {ago(block.updated_at)}]]")
    st.space("stretch")
    _download(block)
    st.button("Remove", key=f"remove.{block.kind}", icon=":material/delete:", on_click=_remove, args=(block,))


def _download(block: LibraryBlock) -> None:
    try:
        text = json.dumps(block_file(block.kind, own_blocks.definitions()), indent=2, ensure_ascii=False)
    except BuilderError as error:
        st.markdown(":orange-badge[:material/warning: incomplete]", help=str(error))
        return
    st.download_button(
        "Download",
        text,
        file_name=f"{uploads.safe_name(block.kind.removeprefix('own.'))}.json",
        mime="application/json",
        key=f"download.{block.kind}",
        icon=":material/download:",
        on_click="ignore",
    )


def _rename(block: LibraryBlock, key: str) -> None:
    label = str(state.widget_value(key, "")).strip()
    if label and label != block.label:
        store().save_block(block.kind, label, {**block.definition, "label": label})


def _remove(block: LibraryBlock) -> None:
    try:
        state.remember(REMOVED, store().remove_block(block.kind))
    except BuilderError as error:
        # Another tab was faster.
        st.toast(str(error))


def _put_back(block: LibraryBlock) -> None:
    store().save_block(block.kind, block.label, block.definition)
    state.take(REMOVED)
