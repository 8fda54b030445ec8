"""Pairs of texts become what a decoder reads, what it has written, and what it writes next."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pairs_cases import PAIRS, pairs

from builder.data.encode import encode
from builder.data.prepare import prepare
from builder.data.profile import profile, propose
from builder.data.tokenizers import text_of, tokens_of
from builder.errors import BuilderError
from builder.project import DataRecipe


@pytest.mark.parametrize("tokenizer", ["character", "byte_pair", "word_piece", "word"])
def test_the_answer_is_read_one_token_behind_what_is_written(tmp_path: Path, tokenizer: str) -> None:
    prepared = prepare(pairs(tmp_path, 120, tokenizer=tokenizer), tmp_path / "cache")
    read, written = prepared.arrays["target_tokens"], np.asarray(prepared.targets)
    settings = prepared.spec.input("target").settings
    assert settings["vocabulary"][2:4] == ["[START]", "[END]"]
    assert (read[:, 0] == 2).all()
    row = int(prepared.indices["train"][3])
    ids = tokens_of(settings, prepared.sample(row)["answer"])
    assert written[row].tolist() == [*ids, 3, *[0] * (written.shape[1] - len(ids) - 1)]
    assert read[row, 1 : len(ids) + 1].tolist() == ids
    assert (read[row] != 0).sum() == (written[row] != 0).sum()


def test_both_sides_share_one_vocabulary_and_come_back_as_they_were(tmp_path: Path) -> None:
    prepared = prepare(pairs(tmp_path, 300, tokenizer="byte_pair"), tmp_path / "cache")
    text, target = prepared.spec.inputs
    assert text.settings["vocabulary"] == target.settings["vocabulary"]
    sample = prepared.sample(7)
    for sentence in (sample["text"], sample["answer"]):
        assert text_of(text.settings, tokens_of(text.settings, sentence)) == sentence


def test_an_answer_that_is_too_long_has_no_end(tmp_path: Path) -> None:
    prepared = prepare(pairs(tmp_path, 300, target_length=4), tmp_path / "cache")
    written = np.asarray(prepared.targets)
    full = written[:, -1] != 0
    assert full.any() and (written[full][:, -1] != 3).any()
    assert ((written == 3).sum(axis=1) <= 1).all()


def test_translations_of_one_sentence_stay_in_one_part(tmp_path: Path) -> None:
    prepared = prepare(pairs(tmp_path, 600), tmp_path / "cache")
    seen: dict[str, str] = {}
    for part, rows in prepared.indices.items():
        for row in rows:
            assert seen.setdefault(prepared.sample(int(row))["text"], part) == part


def test_a_prefix_column_tells_tasks_apart(tmp_path: Path) -> None:
    frame = pd.read_csv(PAIRS, dtype=str, keep_default_na=False).head(60)
    there = pd.DataFrame({"task": "to Chinese:", "from": frame["english"], "to": frame["chinese"]})
    back = pd.DataFrame({"task": "to English:", "from": frame["chinese"], "to": frame["english"]})
    pd.concat([there, back]).to_csv(tmp_path / "both.csv", index=False)
    recipe = DataRecipe(
        {"kind": "csv", "path": str(tmp_path / "both.csv")},
        "text_to_text",
        {"task": "prefix", "from": "text", "to": "target"},
        {"tokenizer": "character"},
        {"method": "random"},
    )
    prepared = prepare(recipe, tmp_path / "cache")
    assert prepared.sample(0)["text"] == f"to Chinese: {frame['english'][0]}"
    assert prepared.spec.inputs[0].settings["prefixes"] == ["to Chinese:", "to English:"]


def test_rows_without_an_answer_are_left_out_with_a_word(tmp_path: Path) -> None:
    recipe = pairs(tmp_path, 60)
    file = tmp_path / "pairs.csv"
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    frame.loc[:2, "chinese"] = " "
    frame.to_csv(file, index=False)
    prepared = prepare(recipe, tmp_path / "cache")
    assert sum(prepared.spec.rows.values()) == 57
    assert [problem.code for problem in prepared.problems] == ["rows_left_out"]


def test_a_table_of_two_texts_is_taken_as_pairs(tmp_path: Path) -> None:
    source = pairs(tmp_path, 200, skip=9000).source
    recipe = propose(source)
    assert recipe.task == "text_to_text"
    assert recipe.roles == {"english": "text", "chinese": "target"}
    assert recipe.preprocessing["tokenizer"] == "byte_pair"
    found = profile(recipe)
    assert (found["kind"], found["problems"]) == ("text", [])


def test_columns_that_make_no_pair_are_refused_in_words(tmp_path: Path) -> None:
    recipe = replace(pairs(tmp_path, 60), roles={"english": "ignore", "chinese": "target"})
    with pytest.raises(BuilderError, match="one column with the role text"):
        prepare(recipe, tmp_path / "cache")
    assert profile(recipe)["problems"][0]["code"] == "pair_columns"


def test_a_sample_of_ones_own_begins_with_nothing_written(tmp_path: Path) -> None:
    prepared = prepare(pairs(tmp_path, 60), tmp_path / "cache")
    arrays = encode(prepared.spec, [{"text": "Hi."}])
    assert arrays["target_tokens"][0].tolist() == [2] + [0] * (arrays["target_tokens"].shape[1] - 1)
