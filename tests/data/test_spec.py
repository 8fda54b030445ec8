"""The description of the data survives JSON and answers the questions of the builder."""

import json

import pytest

from builder.data.spec import ArraySpec, DataSpec, ModelInput, raw_input_names


@pytest.mark.parametrize("name", ["sms_spam", "adult_income", "california_housing"])
def test_a_specification_survives_json(prepared_sample, name):
    spec = prepared_sample(name).spec
    assert DataSpec.from_json(json.loads(json.dumps(spec.to_json(), allow_nan=False))) == spec


def test_classes_and_words_are_counted(prepared_sample):
    texts, houses = prepared_sample("sms_spam").spec, prepared_sample("california_housing").spec
    assert texts.class_count == 2
    assert texts.vocabulary_size == len(texts.inputs[0].settings["vocabulary"])
    assert houses.class_count == 0
    assert houses.vocabulary_size is None


def test_inputs_are_found_by_name(prepared_sample):
    spec = prepared_sample("adult_income").spec
    assert spec.input("features") is spec.input("auto") is spec.inputs[0]
    with pytest.raises(KeyError):
        spec.input("image")


def test_raw_inputs_have_names_that_every_format_accepts():
    text = ModelInput("text", "text", (ArraySpec("tokens", (4,), "int32"),), {"column": "1st text!"})
    table = ModelInput(
        "features", "table", (), {"numeric_columns": ["a b", "a_b"], "categorical_columns": ["größe"]}
    )
    names = raw_input_names(DataSpec("classification", (text, table)))
    assert names == {"1st text!": "column_1st_text_", "a b": "a_b", "a_b": "a_b_2", "größe": "gr__e"}
