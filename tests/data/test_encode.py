"""What a person types or uploads is encoded exactly as the prepared data were."""

import numpy as np
import pytest
from making import csv_source

from builder.data.encode import encode
from builder.data.prepare import prepare
from builder.data.sources import open_source
from builder.data.spec import ArraySpec, DataSpec, ModelInput
from builder.errors import BuilderError
from builder.project import DataRecipe


@pytest.mark.parametrize("name", ["sms_spam", "adult_income", "california_housing"])
def test_prepared_rows_are_encoded_alike(prepared_sample, name):
    prepared = prepared_sample(name)
    samples = [prepared.sample(row) for row in range(200)]
    raw = [sample.get("row") or {"text": sample["text"]} for sample in samples]
    for array_name, array in encode(prepared.spec, raw).items():
        assert array.dtype == prepared.arrays[array_name].dtype
        assert np.array_equal(array, prepared.arrays[array_name][:200]), array_name


@pytest.mark.parametrize("color_mode", ["rgb", "grayscale"])
def test_an_uploaded_photo_is_encoded_as_in_training(tmp_path, color_mode, zip_file):
    source = {"kind": "sample", "name": "sign_language"}
    settings = {"image_height": 20, "image_width": 24, "color_mode": color_mode}
    prepared = prepare(DataRecipe(source, preprocessing=settings), tmp_path)
    pictures = open_source(source)
    photo = pictures.read(7)
    array = encode(prepared.spec, [{"image": np.asarray(photo)}])["image"]
    assert array.dtype == np.float32
    assert np.array_equal(array[0], prepared.arrays["image"][7])


def test_pictures_of_any_form_are_accepted(prepared_sample):
    spec = prepared_sample("digits").spec
    shapes = [(28, 28), (50, 20, 1), (9, 9, 3), (300, 300, 4)]
    array = encode(spec, [{"image": np.full(shape, 255, dtype=np.uint8)} for shape in shapes])["image"]
    assert array.shape == (4, 28, 28, 1)
    assert (array == 255).all()


def test_values_are_forgiving_where_the_meaning_is_clear(prepared_sample):
    spec = prepared_sample("adult_income").spec
    known = {"age": 40, "workclass": "Private", "sex": "Male"}
    loose = {"age": " 40.0 ", "workclass": " Private ", "sex": "Male", "education": None, "race": "Martian"}
    first, second = encode(spec, [known]), encode(spec, [loose])
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("written", [("true", "false", "3.0", "4.0"), ("True", "False", "3", "4")])
def test_a_category_is_known_however_the_file_writes_it(tmp_path, csv_file, written):
    yes, no, three, four = written
    path = csv_file("new,rooms,kind\n" + f"{yes},{three},a\n{no},{four},b\n" * 20)
    roles = {"new": "categorical", "rooms": "categorical", "kind": "target"}
    spec = prepare(DataRecipe(csv_source(path), roles=roles), tmp_path / "cache").spec
    as_text = encode(spec, [{"new": yes, "rooms": three}, {"new": no, "rooms": four}])["categorical"]
    assert 0 not in as_text[:, 0] and 3 not in as_text[:, 1]
    for values in ((True, 3), (True, 3.0), (np.True_, np.float32(3))):
        raw = [dict(zip(("new", "rooms"), values, strict=True)), {"new": False, "rooms": 4}]
        assert np.array_equal(encode(spec, raw)["categorical"], as_text)


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("adult_income", {"age": "old"}, "Sample 2: 'age' must be a number, or empty. Got 'old'"),
        ("adult_income", {"age": 10**400}, "Sample 2: 'age' must be a number, or empty. Got 1000"),
        ("adult_income", {"age": "1e308"}, "'age' must be a number nearer to 0 than 3.4e.38.*Got '1e308'"),
        ("adult_income", {"age": float("-inf")}, "'age' must be a number nearer to 0 than 3.4e.38"),
        ("adult_income", {"wrong": 1}, "Sample 2 has none of the columns"),
        ("sms_spam", {"text": 5}, "Sample 2: 'text' must be a text"),
        ("sms_spam", {}, "Sample 2: 'text' must be a text"),
        ("digits", {"image": np.zeros((2, 2))}, "Sample 2: 'image' must be a picture"),
        ("digits", {"image": np.zeros((2, 2, 7), dtype=np.uint8)}, "Sample 2: 'image' must be a picture"),
        ("digits", {}, "Sample 2: 'image' must be a picture"),
    ],
)
def test_a_bad_sample_is_named(prepared_sample, name, raw, message):
    prepared = prepared_sample(name)
    shown = prepared.sample(0)
    good = shown.get("row") or ({"text": shown["text"]} if "text" in shown else {"image": shown["array"]})
    with pytest.raises(BuilderError, match=message.replace("'", ".")):
        encode(prepared.spec, [good, raw])


def test_a_gap_among_numbers_may_be_written_as_in_files(prepared_sample):
    spec = prepared_sample("adult_income").spec
    means = encode(spec, [{"age": None}])["numeric"]
    assert np.array_equal(
        encode(spec, [{"age": "-"}, {"age": "None"}])["numeric"], np.repeat(means, 2, axis=0)
    )


def test_an_endless_number_in_a_series_is_told():
    arrays = (ArraySpec("series", (2, 1), "float32"),)
    spec = DataSpec("regression", (ModelInput("series", "series", arrays, {"means": [0.0]}),))
    with pytest.raises(BuilderError, match="Sample 1: 'series' must be numbers"):
        encode(spec, [{"series": [[1], [10**400]]}])
