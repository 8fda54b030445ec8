"""A text without words is one unknown word in training, prediction and export, and its rows are told."""

import keras
import numpy as np
import pytest
from making import csv_source

from builder.data.encode import encode
from builder.data.prepare import prepare
from builder.data.preprocessing import with_raw_inputs
from builder.data.profile import profile
from builder.data.quality import quality
from builder.project import DataRecipe

NOTHING = ["", " ", "!!!", "..."]
WORDS = [f"a film that is {'good' if n % 2 else 'bad'} in every way" for n in range(40)]


@pytest.fixture
def reviews(csv_file, tmp_path):
    def look(texts, **settings):
        rows = "".join(f'"{text}",{"ab"[n % 2]}\n' for n, text in enumerate(texts))
        roles = {"review": "text", "kind": "target"}
        source = csv_source(csv_file("review,kind\n" + rows))
        return DataRecipe(source, roles=roles, preprocessing={"sequence_length": 5, **settings})

    return look


def told(problems):
    return [problem.message for problem in problems if problem.code == "texts_without_words"]


def test_no_row_is_padding_alone_and_an_average_under_a_mask_is_a_number(reviews, tmp_path):
    prepared = prepare(reviews([*NOTHING, *WORDS]), tmp_path / "cache")
    assert prepared.arrays["tokens"][:4].tolist() == [[1, 0, 0, 0, 0]] * 4
    assert "4 of 44 rows have a text without words in 'review'" in told(prepared.problems)[0]
    tokens = keras.Input((5,), name="tokens", dtype="int32")
    hidden = keras.layers.Embedding(prepared.spec.vocabulary_size, 3, mask_zero=True)(tokens)
    model = keras.Model(tokens, keras.layers.GlobalAveragePooling1D()(hidden))
    expected = model(np.asarray(prepared.arrays["tokens"][:4]))
    assert np.isfinite(expected).all()
    given = encode(prepared.spec, [{"review": text} for text in NOTHING])
    np.testing.assert_array_equal(model(given["tokens"]), expected)
    raw = keras.ops.convert_to_tensor(np.array([[text] for text in NOTHING], dtype=object), dtype="string")
    np.testing.assert_array_equal(with_raw_inputs(model, prepared.spec)({"review": raw}), expected)


@pytest.mark.parametrize(("tokenizer", "count"), [("word", 4), ("character", 2), ("byte_pair", 2)])
def test_the_profile_counts_texts_without_words(reviews, tokenizer, count):
    found = profile(reviews([*NOTHING, *WORDS], tokenizer=tokenizer))["problems"]
    (message,) = [item["message"] for item in found if item["code"] == "texts_without_words"]
    assert f"{count} of 44 rows" in message


def test_sound_texts_raise_no_alarm(reviews, tmp_path):
    recipe = reviews(WORDS)
    assert "texts_without_words" not in {item["code"] for item in profile(recipe)["problems"]}
    prepared = prepare(recipe, tmp_path / "cache")
    assert told(prepared.problems) == []
    assert "words" not in {item.kind for item in quality(prepared)}


def test_the_check_of_the_data_shows_rows_without_known_words(reviews, tmp_path):
    prepared = prepare(reviews([*NOTHING, *WORDS, "xyzzy plugh"], vocabulary_size=10), tmp_path / "cache")
    (finding,) = [item for item in quality(prepared) if item.kind == "words"]
    assert finding.rows == (0, 1, 2, 3, 44) and "5 row(s) have a text without a word" in finding.message


def test_an_answer_without_words_stays_empty(csv_file, tmp_path):
    rows = "".join(f"word {n} and more,answer {n}\n" for n in range(60))
    source = csv_source(csv_file(f"text,said\n!!!,...\n{rows}"))
    roles = {"text": "text", "said": "target"}
    prepared = prepare(DataRecipe(source, "text_to_text", roles, {"tokenizer": "word"}), tmp_path / "cache")
    assert prepared.arrays["tokens"][0, 0] == 1 and prepared.targets[0, 0] == 3
