"""The frame that pages share: style, project heading, problems in words, waiting for the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn, ParamSpec

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from builder.errors import BuilderError, Problem
from builder.project import Project
from builder.runs import history
from builder.runs.records import ProjectRecord
from builder.ui import clicks, state
from builder.ui.services import engine, store
from builder.ui.work import Answer

ASSETS = Path(__file__).parent / "assets"
LOGO = str(ASSETS / "logo.svg")
ICON = str(ASSETS / "icon.png")
STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
POLL_SECONDS = 0.4
WANTED_PAGE, SHOWN_PAGE = "wanted_page", "shown_page"
MAXIMUM_NAME = 80
_TOLD = "told_problems"
_OVERTAKEN = ("stale_revision", "unknown_project", "deleted")
CHANGED_ELSEWHERE = "This project was changed in another tab. An edit made here just now was not kept."

HOME = "views/home.py"
DATA = "views/data.py"
MODEL = "views/model.py"
TRAIN = "views/train.py"
RESULTS = "views/results.py"
UNDERSTAND = "views/understand.py"
SHRINK = "views/shrink.py"
EXPORT = "views/export.py"
RUNS = "views/runs.py"
HISTORY = "views/history.py"
COMPARE = "views/compare.py"
LIBRARY = "views/library.py"
FRONTIER = "views/frontier.py"

P = ParamSpec("P")


def apply_style() -> None:
    """Add the few rules that the theme cannot say."""
    st.html(f"<style>{STYLE}</style>")


def current_project() -> Project:
    """Return the open project, or send the person Home with a hint and end the page."""
    identifier = state.project_id()
    if identifier is None:
        _send_home("Choose or create a project first.")
    try:
        record = store().project(str(identifier))
        project = Project.from_json(record.document)
    except BuilderError as error:
        state.open_project(None)
        _send_home(f"That project cannot be opened. {error}")
    state.show_in_address(str(identifier))
    _follow_other_tabs(record)
    show_problems(state.take(_TOLD, ()))
    return project


def current_id() -> str:
    """Return the id of the open project; only after ``current_project``."""
    return str(state.project_id())


def current_revision() -> int | None:
    """Return the revision of the open project's document that this page knows."""
    return _seen(current_id())["revision"]


def save(
    project: Project, *, from_callback: bool = False, reason: str = history.EDIT, note: str = ""
) -> bool:
    """Keep the open project's document, unless another tab has changed it since this page was drawn.

    Args:
        from_callback: the page is run after this anyway.
        reason: what the history says of the edit, with a note.

    Returns:
        whether it was kept; where not, the page says why.
    """
    seen = _seen(current_id())
    try:
        seen["revision"] = store().save_project(
            current_id(), project.to_json(), seen["revision"], reason=reason, note=note
        )
    except BuilderError as error:
        _say_unsaved(error, from_callback)
        return False
    return True


def _say_unsaved(error: BuilderError, from_callback: bool) -> None:
    if error.problems[0].code in _OVERTAKEN:
        # The next run reads what is there now, and says so; where it is gone, it leads Home.
        if not from_callback:
            st.rerun()
    elif from_callback:
        tell(error)
    else:
        # No other run of the page: it would only try to save the same again, without an end.
        show_problems(error.problems)


def tell(error: BuilderError) -> None:
    """Let the next run of a page with a project say what went wrong; for callbacks."""
    state.remember(_TOLD, error.problems)


def restore(project: Project, note: str) -> None:
    """Put another document in the open project's place, as a new step of its history; for callbacks."""
    if save(project, from_callback=True, reason=history.RESTORED, note=note):
        renew()


def renew() -> None:
    """Let the canvas and the forms show the open project's document anew."""
    state.renew_widgets(current_id())
    state.replace_document()


def go(page: str) -> None:
    """Lead to a page; for callbacks, so that no newer run of the page swallows the click."""
    _forget_polled_parts()
    state.remember(WANTED_PAGE, page)


def follow_wish() -> None:
    """Lead to the page that a callback asked for."""
    page = state.take(WANTED_PAGE)
    if page is not None:
        leave_for(page)


def leave_for(page: str) -> NoReturn:
    """Lead to a page at once."""
    _forget_polled_parts()
    st.switch_page(page)


def arrive_at(page: str) -> None:
    """Note which page is drawn, wherever the person came from."""
    if state.recall(SHOWN_PAGE) != page:
        _forget_polled_parts()
        clicks.forget()
        state.remember(SHOWN_PAGE, page)


def _forget_polled_parts() -> None:
    # The browser goes on asking for the parts of the page that is left until it hears of the new one. An
    # answer would come after the new page and empty it; Streamlit gives none for parts that it forgot.
    context = get_script_run_ctx()
    if context is not None:
        context.fragment_storage.clear()


def polled(seconds: float) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Return a decorator for a part of a page that is drawn again, by itself, every so many seconds.

    The part is left out where a callback has asked for another page: what it asks of the page that is left
    may reach Streamlit after the other page is there, and would empty it.
    """

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        fragment = st.fragment(run_every=seconds)(draw)

        @wraps(draw)
        def draw_unless_leaving(*args: P.args, **keywords: P.kwargs) -> None:
            if state.recall(WANTED_PAGE) is None:
                fragment(*args, **keywords)

        return draw_unless_leaving

    return decorate


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
        key=state.widget_key(current_id(), "name"),
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


@polled(POLL_SECONDS)
def _waiting(ask: Callable[[], Answer], label: str, height: int) -> None:
    if ask().state != "working":
        st.rerun()
    words = label if engine().ready else "The engine is starting, a few seconds …"
    st.caption(f":material/hourglass_top: {words}")
    if height:
        st.skeleton(height=height)


def is_dark() -> bool:
    """Tell whether the page is light on dark."""
    return bool(st.context.theme.type == "dark")


def placeholder(words: str, height: int, heading: str = "") -> None:
    """Say, in an empty box of so many pixels, what will be there."""
    with st.container(border=True, height=height, horizontal_alignment="center", vertical_alignment="center"):
        if heading:
            st.markdown(heading, width="content")
        st.caption(words, width="content")


def notice() -> None:
    """Show, once, what another page left to be said."""
    message = state.take("notice")
    if message:
        st.info(message, icon=":material/info:")


def _follow_other_tabs(record: ProjectRecord) -> None:
    """Show the newer document where another tab has changed the project, instead of what this page holds."""
    seen = _seen(record.id)
    before, seen["revision"] = seen["revision"], record.revision
    if before in (None, record.revision):
        return
    renew()
    st.toast(CHANGED_ELSEWHERE, icon=":material/sync:", duration="infinite")


def _seen(project_id: str) -> dict[str, int | None]:
    """Return the holder of the revision that this session knows.

    It is changed in place: a run of the page that is cut short after a save must not lose the number.
    """
    held = state.recall(f"seen.{project_id}")
    if held is None:
        held = {"revision": None}
        state.remember(f"seen.{project_id}", held)
    return held


def _send_home(message: str) -> None:
    state.remember("notice", message)
    leave_for(HOME)
