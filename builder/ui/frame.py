"""The frame that pages share: style, project heading, problems in words, waiting for the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from builder.errors import BuilderError, Problem
from builder.project import Project
from builder.ui import state
from builder.ui.services import engine, store
from builder.ui.work import Answer

ASSETS = Path(__file__).parent / "assets"
LOGO = str(ASSETS / "logo.svg")
ICON = str(ASSETS / "icon.png")
STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
POLL_SECONDS = 0.4
MAXIMUM_NAME = 80

HOME = "views/home.py"
DATA = "views/data.py"
MODEL = "views/model.py"
TRAIN = "views/train.py"
RESULTS = "views/results.py"
EXPORT = "views/export.py"


def apply_style() -> None:
    """Add the few rules that the theme cannot say."""
    st.html(f"<style>{STYLE}</style>")


def current_project() -> Project:
    """Return the open project, or send the person Home with a hint and end the page."""
    identifier = state.project_id()
    if identifier is None:
        _send_home("Choose or create a project first.")
    try:
        project = Project.from_json(store().project(str(identifier)).document)
    except BuilderError as error:
        state.open_project(None)
        _send_home(f"That project cannot be opened. {error}")
    state.show_in_address(str(identifier))
    return project


def current_id() -> str:
    """Return the id of the open project; only after ``current_project``."""
    return str(state.project_id())


def save(project: Project) -> None:
    """Keep the open project's document."""
    store().save_project(current_id(), project.to_json())


def project_heading(project: Project, page: str, hint: str) -> None:
    """Show the page's title with the project's name, which can be edited in place."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    left.markdown(f"# {page}")
    left.caption(hint)
    with right:
        name_field(project)


def name_field(project: Project, *, labeled: bool = True) -> None:
    """Show the project's name, which can be edited in place."""
    entered = st.text_input(
        "Project",
        project.name,
        key=f"name.{current_id()}",
        max_chars=MAXIMUM_NAME,
        icon=":material/folder_open:",
        label_visibility="visible" if labeled else "collapsed",
    ).strip()
    if entered and entered != project.name:
        save(replace(project, name=entered))
        st.rerun()


def show_problems(problems: Iterable[Problem | Mapping[str, Any]]) -> None:
    """Show problems in words: errors first, each once."""
    shown: dict[str, Mapping[str, Any]] = {}
    for problem in problems:
        facts = problem.to_json() if isinstance(problem, Problem) else problem
        shown.setdefault(facts["message"], facts)
    for facts in sorted(shown.values(), key=lambda facts: facts["severity"] != "error"):
        place = f"**{facts['block']}** · " if facts.get("block") else ""
        show, icon = (st.error, "error") if facts["severity"] == "error" else (st.warning, "warning")
        show(place + escape(facts["message"]), icon=f":material/{icon}:")


def escape(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    for mark in "\\`*_[]$~#<:":
        text = text.replace(mark, "\\" + mark)
    return text


def awaited(ask: Callable[[], Answer], label: str, height: int = 120, keep: str | None = None) -> Any:
    """Return the answer's value, or None while it is not there: a notice stands in its place.

    The page goes on below; it is run again as soon as the answer has come. Under the name ``keep``
    the session keeps the last answer and gives it back while a newer one is being worked on.
    """
    answer = ask()
    if answer.state == "failed":
        show_problems(answer.problems)
        return None
    if answer.state == "working":
        last = state.recall(keep) if keep else None
        _waiting(ask, label, height if last is None else 0)
        return last
    if keep:
        state.remember(keep, answer.value)
    return answer.value


@st.fragment(run_every=POLL_SECONDS)
def _waiting(ask: Callable[[], Answer], label: str, height: int) -> None:
    if ask().state != "working":
        st.rerun()
    words = label if engine().ready else "The engine is starting, a few seconds …"
    st.caption(f":material/hourglass_top: {words}")
    if height:
        st.skeleton(height=height)


def notice() -> None:
    """Show, once, what another page left to be said."""
    message = state.take("notice")
    if message:
        st.info(message, icon=":material/info:")


def _send_home(message: str) -> None:
    state.remember("notice", message)
    st.switch_page(HOME)
