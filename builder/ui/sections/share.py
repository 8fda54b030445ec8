"""Sharing a project by link or file, and opening what someone else has shared."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from builder.data.places import allowed_folders, check_place
from builder.data.sources import samples
from builder.difference import catalogue_kinds, label_of
from builder.errors import BuilderError
from builder.project import Project, parse_project
from builder.share import FILE, QUERY, Shared, file_text, link, open_link, weights_path, without_local_paths
from builder.ui import frame, projects, state, uploads
from builder.ui.components.copying import copying
from builder.ui.format import count_words
from builder.ui.services import workspace

KINDS_SHOWN = 12


def share(project: Project) -> None:
    """Offer the project as a link and as a file."""
    with st.popover("Share", icon=":material/share:"):
        st.markdown("**A link that carries the whole project**")
        try:
            copying(link(project, state.address()), "Link to this project", "share.link")
            st.caption("Whoever opens it gets a copy of the project; yours stays as it is.")
        except BuilderError as error:
            frame.show_problems(error.problems)
        _not_carried(without_local_paths(project).files)
        download(project, "share.file", "Download the project file")


def download(project: Project, key: str, label: str) -> None:
    """Offer the project as one JSON file, without the paths of this machine's files."""
    st.download_button(
        label,
        lambda: file_text(project),
        file_name=f"{uploads.safe_name(project.name)}.json",
        mime="application/json",
        key=key,
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
    )


def shared_link() -> None:
    """Where the address carries a project, show what is in it and ask before it becomes one of one's own."""
    carried = state.address_parameter(QUERY)
    if carried is None:
        return
    with st.container(border=True, key="shared_link"):
        st.markdown("### :material/share: Someone has shared a project with you")
        try:
            found = open_link(carried)
        except BuilderError as error:
            frame.show_problems(error.problems)
            st.button("Go on without it", on_click=state.forget_address_parameter, args=(QUERY,))
            return
        describe(found.project)
        _not_carried(found.files)
        with st.container(horizontal=True):
            st.button(
                "Make it my project", type="primary", icon=":material/add:", on_click=_keep, args=(found,)
            )
            st.button("Leave it", on_click=state.forget_address_parameter, args=(QUERY,))


def _with_allowed_paths(project: Project) -> Shared:
    """Return the project; without its local paths where a browser may not name one of these places."""
    paths = [project.data.source.get("path"), weights_path(project)]
    try:
        for path in (path for path in paths if path is not None):
            check_place(Path(str(path)), allowed_folders(workspace().root))
    except BuilderError:
        return without_local_paths(project)
    return Shared(project)


def open_file() -> None:
    """Take a project file and ask before it becomes a project."""
    given = st.file_uploader("A project file (JSON)", ["json"], max_upload_size=10, key="project_file")
    if given is None:
        return
    try:
        project = parse_project(given.getvalue(), given.name)
        project.check()
    except BuilderError as error:
        frame.show_problems(error.problems)
        return
    opened = _with_allowed_paths(project)
    describe(opened.project)
    _not_carried(opened.files)
    st.button("Open this project", type="primary", on_click=_keep, args=(opened,))


def describe(project: Project) -> None:
    """Say what a project is: name, blocks, data that it needs, training."""
    st.markdown(f"**{frame.escape(project.name)}**  \n{frame.escape(project.description)}")
    kinds = list(dict.fromkeys(label_of(node.kind, catalogue_kinds()) for node in project.model.nodes))
    more = f" and {len(kinds) - KINDS_SHOWN} more kinds" if len(kinds) > KINDS_SHOWN else ""
    blocks = f"{count_words(len(project.model.nodes), 'block')}: {', '.join(kinds[:KINDS_SHOWN])}{more}"
    st.markdown(f":material/account_tree: {frame.escape(blocks)}")
    st.markdown(f":material/database: {frame.escape(_data_words(project))}")


def _data_words(project: Project) -> str:
    source = project.data.source
    if source.get("kind") == "sample":
        known = {item.name: item.title for item in samples()}
        name = str(source.get("name"))
        return known.get(
            name, f"The sample '{name:.60}', which is not here. Choose other data after opening."
        )
    name = str(source.get(FILE) or source.get("path") or "").replace("\\", "/").rsplit("/", 1)[-1]
    return (
        f"Needs data of its own: {name:.80}. Choose them on the Data page." if name else "No data chosen yet."
    )


def _not_carried(files: tuple[str, ...]) -> None:
    if files:
        words = f"Data files do not travel along, nor their place on this machine: {', '.join(files)}."
        st.caption(f":material/visibility_off: {frame.escape(words)}")


def _keep(found: Shared) -> None:
    state.forget_address_parameter(QUERY)
    state.open_project(projects.keep(found.project))
    frame.go(frame.MODEL)
