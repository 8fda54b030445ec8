"""The form of a language model's writing, and what it shows of a text."""

from typing import Any

from streamlit.testing.v1 import AppTest

from builder.writing_settings import WRITING_PARAMETERS


def writing_form() -> None:
    import streamlit as st

    from builder.ui import forms
    from builder.writing_settings import WRITING_PARAMETERS

    st.json(forms.parameter_form(WRITING_PARAMETERS, {}, "write.form", columns=2, owner="Writing"))


def given(at: AppTest) -> Any:
    import json

    return json.loads(at.json[0].value)


def test_the_form_begins_without_a_complaint_and_with_the_defaults() -> None:
    at = AppTest.from_function(writing_form, default_timeout=30).run()
    assert not at.exception and not at.error and not at.warning
    assert given(at) == {}
    assert len(at.text_input) + len(at.number_input) + len(at.selectbox) == len(WRITING_PARAMETERS)


def test_an_end_can_be_given_and_taken_back() -> None:
    at = AppTest.from_function(writing_form, default_timeout=30).run()
    at.text_input[0].set_value("END").run()
    assert given(at) == {"stop": "END"}
    at.text_input[0].set_value("").run()
    assert given(at) == {} and not at.error
