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


def known_parts(leaves: bool) -> int:
    """Return how many parts Streamlit would still draw again when the page has been run twice."""

    def page(leaves: bool) -> None:
        import streamlit as st
        from streamlit.runtime.scriptrunner import get_script_run_ctx

        from builder.ui import frame

        def keep() -> None:
            context = get_script_run_ctx()
            assert context is not None
            storage = context.fragment_storage
            st.session_state.known = len(getattr(storage, "_fragments"))  # noqa: B009 (no other way in)

        @frame.polled(60.0)
        def part() -> None:
            st.write("looked")

        if leaves and "known" in st.session_state:
            frame.go(frame.HISTORY)
        part()
        keep()

    at = AppTest.from_function(page, args=(leaves,), default_timeout=30).run().run()
    assert not at.exception
    return int(at.session_state.known)


def test_a_late_question_for_a_part_of_a_page_that_is_left_is_not_answered() -> None:
    assert known_parts(leaves=False) == 1
    assert known_parts(leaves=True) == 0


def test_every_part_that_looks_again_and_every_leave_goes_through_the_frame() -> None:
    from builder.ui import frame

    folder = frame.ASSETS.parent
    for word in ("run_every", "switch_page"):
        using = [file.name for file in folder.rglob("*.py") if word in file.read_text("utf-8")]
        assert using == ["frame.py"]
