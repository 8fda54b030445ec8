"""The parts of the Compare page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from builder.difference import Change, Difference
from builder.errors import BuilderError
from builder.project import MODEL, Project
from builder.runs.history import digest_of
from builder.ui import comparing, frame, state
from builder.ui.components.canvas import canvas
from builder.ui.sections.history import legend
from builder.ui.services import TOKEN
from builder.ui.sides import choose_side, side_id

CANVAS_HEIGHT = 560
SIDES = {"left": "Before", "right": "After"}
WHAT = {
    "added": "Block added",
    "removed": "Block removed",
    "replaced": "Another block",
    "renamed": "Block renamed",
    "parameter": "Setting of a block",
    "property": "Setting of a block",
    "wire": "Connection",
    "own_block": "Own block",
    "data": "Data",
    "training": "Training",
    "project": "Project",
    "layout": "Looks",
}


@dataclass(frozen=True)
class Side:
    """One of the two projects that are compared."""

    name: str
    key: str
    project: Project


def choose(name: str, project: Project) -> Side | None:
    """Show what can be compared and return the chosen one; None, with the reason, where it cannot be read."""
    offered = comparing.offered(frame.current_id())
    memory = f"compare.{name}.{frame.current_id()}"
    before = state.recall(memory)
    keys = list(offered)
    first = 0 if name == "right" else min(1, len(keys) - 1)
    key: str = st.selectbox(
        SIDES[name],
        keys,
        keys.index(before) if before in offered else first,
        key=f"{memory}.{hash(tuple(offered.values()))}",
        format_func=offered.__getitem__,
    )
    state.remember(memory, key)
    try:
        found = project if key == comparing.NOW else comparing.chosen(key, frame.current_id())
    except BuilderError as error:
        frame.show_problems(error.problems)
        return None
    _offer_to_take(name, key, found, offered[key])
    return Side(name, key, found)


def summary(one: Side, other: Side) -> Difference:
    """Say in a line how the two differ, and return the difference."""
    found = comparing.difference(one.project, other.project)
    if not found.changes:
        st.success("The two are the same.", icon=":material/check_circle:")
    elif found.is_same:
        words = "Data, model and training are the same; only names, notes or places differ."
        st.success(words, icon=":material/check_circle:")
    else:
        words = found.words()
        st.markdown(frame.escape(words[:1].upper() + words[1:] + "."))
    return found


def graph(side: Side, marks: dict[str, str]) -> None:
    """Show one of the two models, with the blocks that differ marked."""
    chosen = choose_side(side.project, f"compare_side.{side.name}")
    # Marks are known by a block's name, and tell of the model's blocks.
    marks = marks if chosen == MODEL else {}
    legend(marks)
    sort, _, name = side.key.partition(":")
    canvas(
        side.project.graph(chosen).to_json(),
        doc_version=f"{digest_of(side.project.to_json())} {chosen}",
        # Shapes follow the data of the project that a model comes from, as far as there is one.
        project_id=side_id(name if sort == "project" else frame.current_id(), chosen),
        token=TOKEN,
        key=f"compare_{side.name}",
        read_only=True,
        height=CANVAS_HEIGHT,
        marks=marks,
    )


def table(found: Difference) -> None:
    """List every difference with what it was and what it is."""
    if not found.changes:
        return
    st.markdown(f"### Every difference :gray-badge[{len(found.changes)}]")
    st.dataframe(
        pd.DataFrame([_row(change) for change in found.changes]),
        hide_index=True,
        width="stretch",
        column_config={"In words": st.column_config.TextColumn(width="large")},
    )


def _row(change: Change) -> Mapping[str, str]:
    return {
        "What": WHAT[change.what],
        "Block": change.block or "",
        "Setting": change.field or "",
        "Before": _value(change.before),
        "After": _value(change.after),
        "In words": change.words,
    }


def _value(value: object) -> str:
    return "" if value is None else str(value)


def _offer_to_take(name: str, key: str, found: Project, words: str) -> None:
    if key == comparing.NOW:
        return
    st.button(
        "Use this model here",
        key=f"take.{name}",
        icon=":material/settings_backup_restore:",
        help="Replaces the blocks of this project with these. What is there now stays in the history.",
        on_click=_take,
        args=(found, words),
    )


def _take(found: Project, words: str) -> None:
    try:
        project = comparing.chosen(comparing.NOW, frame.current_id())
    except BuilderError:
        # The next run of the page says that the project is gone.
        return
    frame.restore(project.with_graphs_of(found), f"the model of “{words}”")
