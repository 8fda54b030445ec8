"""A form draws every declared parameter and gives back what a person chose."""

from typing import Any

from streamlit.testing.v1 import AppTest

from builder.params import with_defaults
from builder.project import TRAINING_PARAMETERS

WIDGETS = ("number_input", "selectbox", "toggle", "text_input", "multiselect")


def training_form(values: dict) -> None:  # type: ignore[type-arg]
    import streamlit as st

    from builder.project import TRAINING_PARAMETERS
    from builder.ui.forms import parameter_form

    st.json(parameter_form(TRAINING_PARAMETERS, values, "training", owner="Training"))


def preprocessing_form() -> None:
    import streamlit as st

    from builder.project import PREPROCESSING_PARAMETERS
    from builder.ui.forms import parameter_form

    shown = ("image_height", "sequence_length")
    hidden = [item.name for item in PREPROCESSING_PARAMETERS if item.name not in shown]
    st.json(
        parameter_form(
            PREPROCESSING_PARAMETERS, {"rescale": False, "image_height": "auto"}, "data", hidden=hidden
        )
    )


def given(at: AppTest) -> Any:
    import json

    return json.loads(at.json[0].value)


def test_every_parameter_has_a_widget_and_defaults_stay_unsaid() -> None:
    at = AppTest.from_function(training_form, args=({"epochs": 12},), default_timeout=30).run()
    assert not at.exception
    drawn = {item.key for kind in WIDGETS for item in getattr(at, kind)}
    defaults = with_defaults(TRAINING_PARAMETERS, {})
    assert drawn == {f"training.{item.name}" for item in TRAINING_PARAMETERS if item.applies(defaults)}
    assert given(at) == {"epochs": 12}


def test_what_applies_follows_what_is_chosen_and_nothing_given_is_lost() -> None:
    at = AppTest.from_function(training_form, args=({"beta_1": 0.8},), default_timeout=30).run()
    assert at.number_input(key="training.beta_1").value == 0.8
    at.selectbox(key="training.optimizer").set_value("sgd").run()
    keys = {item.key for item in at.number_input}
    assert "training.momentum" in keys and "training.beta_1" not in keys
    assert given(at) == {"optimizer": "sgd", "beta_1": 0.8}


def test_several_words_can_be_chosen() -> None:
    at = AppTest.from_function(training_form, args=({},), default_timeout=30).run()
    at.multiselect(key="training.metrics").set_value(["auc", "recall"]).run()
    assert given(at) == {"metrics": ["auc", "recall"]}


def test_a_change_is_returned() -> None:
    at = AppTest.from_function(training_form, args=({},), default_timeout=30).run()
    at.number_input(key="training.learning_rate").set_value(0.01)
    at.selectbox(key="training.optimizer").set_value("sgd").run()
    assert given(at) == {"learning_rate": 0.01, "optimizer": "sgd"}


def test_a_value_that_is_refused_is_explained_and_not_returned() -> None:
    at = AppTest.from_function(training_form, args=({},), default_timeout=30).run()
    at.number_input(key="training.learning_rate").set_value(0.0).run()
    assert "must be a float in (0, 10]" in at.error[0].value
    assert given(at) == {}


def test_an_empty_field_means_automatic_and_hidden_values_are_kept() -> None:
    at = AppTest.from_function(preprocessing_form, default_timeout=30).run()
    assert len(at.number_input) == 2
    assert at.number_input(key="data.image_height").value is None
    assert given(at) == {"rescale": False, "image_height": "auto"}
    at.number_input(key="data.image_height").set_value(64).run()
    assert given(at) == {"rescale": False, "image_height": 64}
