"""A click counts once, also where a newer request has ended the run of the page that got it."""

from typing import Any

from streamlit.testing.v1 import AppTest


def _page() -> None:
    import streamlit as st

    from builder.ui import clicks, frame

    frame.arrive_at(str(st.session_state.get("page", "first")))
    if st.session_state.pop("newer_request", False):
        # What a newer request of the browser does to the run that is going on.
        st.rerun()
    if st.session_state.get("page") != "second":
        made = st.session_state.setdefault("made", [])
        if clicks.button("Create project", key="create", type="primary"):
            made.append("project")


def _opened(**values: Any) -> AppTest:
    at = AppTest.from_function(_page, default_timeout=30)
    for name, value in values.items():
        at.session_state[name] = value
    return at.run()


def test_a_click_counts_once() -> None:
    at = _opened()
    assert at.session_state["made"] == []
    at.button(key="create").click().run()
    at.run()
    assert at.session_state["made"] == ["project"]


def test_a_click_counts_where_a_newer_run_of_the_page_has_ended_the_one_that_got_it() -> None:
    at = _opened()
    at.session_state["newer_request"] = True
    at.button(key="create").click().run()
    assert at.session_state["made"] == ["project"]


def test_a_click_on_a_page_that_is_left_is_forgotten() -> None:
    at = _opened()
    at.session_state["page"] = "second"
    at.button(key="create").click().run()
    at.session_state["page"] = "first"
    at.run()
    assert at.session_state["made"] == []
