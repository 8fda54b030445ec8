"""A page that is about to be left starts nothing that would ask Streamlit for it again."""

from streamlit.testing.v1 import AppTest


def page_with_a_polled_part(leaves: bool) -> None:
    import streamlit as st

    from builder.ui import frame

    @frame.polled(60.0)
    def part() -> None:
        st.write("looked")

    if leaves:
        frame.go(frame.HISTORY)
    part()


def drawn(leaves: bool) -> list[str]:
    at = AppTest.from_function(page_with_a_polled_part, args=(leaves,), default_timeout=30).run()
    assert not at.exception
    return [item.value for item in at.markdown]


def test_a_polled_part_is_drawn_where_the_person_stays() -> None:
    assert drawn(leaves=False) == ["looked"]


def test_a_polled_part_is_left_out_where_a_click_leads_to_another_page() -> None:
    assert drawn(leaves=True) == []


def test_every_part_that_looks_again_by_itself_goes_through_the_frame() -> None:
    from builder.ui import frame

    folder = frame.ASSETS.parent
    asking = [file.name for file in folder.rglob("*.py") if "run_every" in file.read_text("utf-8")]
    assert asking == ["frame.py"]
