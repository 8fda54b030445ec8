"""Forecasts and language models: samples cut out of one long series or text, without a look ahead."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_tasks import air, passage

from builder.data.prepare import prepare
from builder.data.tokenizers import text_of
from builder.errors import BuilderError
from builder.project import DataRecipe


def test_a_forecast_sees_the_past_and_is_asked_for_what_comes_next(tmp_path: Path) -> None:
    prepared = prepare(air(tmp_path), tmp_path / "cache")
    dust = pd.read_csv(tmp_path / "air.csv")["pm2.5"].ffill().to_numpy()
    past, future = prepared.arrays["series"], prepared.targets
    assert past.shape[1:] == (24, 9) and future.shape[1:] == (6,)
    for row in (0, 100, len(past) - 1):
        np.testing.assert_allclose(past[row][:, 0], dust[row : row + 24])
        np.testing.assert_allclose(future[row], dust[row + 24 : row + 30])


def test_no_training_window_reaches_into_a_later_part(tmp_path: Path) -> None:
    prepared = prepare(air(tmp_path), tmp_path / "cache")
    last_of = {part: int(rows[-1]) + 24 + 6 - 1 for part, rows in prepared.indices.items()}
    first_of = {part: int(rows[0]) + 24 for part, rows in prepared.indices.items()}
    assert last_of["train"] < first_of["validation"]
    assert last_of["validation"] < first_of["test"]
    assert last_of["test"] == 399


def test_scaling_knows_the_training_moments_alone(tmp_path: Path) -> None:
    prepared = prepare(air(tmp_path), tmp_path / "cache")
    dust = pd.read_csv(tmp_path / "air.csv")["pm2.5"].ffill().to_numpy()
    training = dust[: prepared.indices["train"][-1] + 30]
    assert prepared.spec.target_mean == pytest.approx(training.mean(), rel=1e-5)


def test_rows_out_of_order_are_sorted_by_their_time(tmp_path: Path) -> None:
    recipe = air(tmp_path)
    table = pd.read_csv(tmp_path / "air.csv", dtype=str, keep_default_na=False)
    table.sample(frac=1, random_state=1).to_csv(tmp_path / "air.csv", index=False)
    prepared = prepare(replace(recipe, split={**recipe.split, "time_column": "No"}), tmp_path / "cache")
    hours = table["hour"].astype(float).to_numpy()
    column = prepared.spec.inputs[0].settings["columns"].index("hour")
    np.testing.assert_allclose(prepared.arrays["series"][0][:, column], hours[:24])


def test_rows_without_a_time_are_left_out_with_a_word(tmp_path: Path) -> None:
    recipe = air(tmp_path)
    table = pd.read_csv(tmp_path / "air.csv", dtype=str, keep_default_na=False)
    table.loc[::40, "No"] = ""
    table.to_csv(tmp_path / "air.csv", index=False)
    prepared = prepare(replace(recipe, split={**recipe.split, "time_column": "No"}), tmp_path / "cache")
    assert len(prepared.arrays["series"]) == 390 - 24 - 6 + 1
    (message,) = [problem.message for problem in prepared.problems if problem.code == "no_time"]
    assert message == "10 row(s) have no usable time in the column 'No' and were left out."


def test_a_series_shorter_than_its_windows_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(BuilderError, match="too few for windows of 24 past and 6 future"):
        prepare(air(tmp_path, rows=35), tmp_path / "cache")


def test_words_are_no_channel(tmp_path: Path) -> None:
    recipe = air(tmp_path)
    roles = {**recipe.roles, "cbwd": "numeric"}
    with pytest.raises(BuilderError, match="'cbwd' holds no numbers"):
        prepare(replace(recipe, roles=roles), tmp_path / "cache")


def test_every_character_is_followed_by_the_next_one(tmp_path: Path) -> None:
    prepared = prepare(passage(tmp_path), tmp_path / "cache")
    tokens, following = prepared.arrays["tokens"], prepared.targets
    np.testing.assert_array_equal(tokens[:, 1:], following[:, :-1])
    text = text_of(prepared.spec.inputs[0].settings, tokens[0])
    assert text == (tmp_path / "lines.txt").read_text()[:64]


def test_the_parts_of_a_text_do_not_overlap(tmp_path: Path) -> None:
    prepared = prepare(passage(tmp_path), tmp_path / "cache")
    train, validation, test = (prepared.indices[part] for part in ("train", "validation", "test"))
    assert train[-1] < validation[0] and validation[-1] < test[0]
    assert prepared.spec.class_count == len(prepared.spec.inputs[0].settings["vocabulary"])


def test_a_text_shorter_than_a_piece_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(BuilderError, match="too few for a piece of 256"):
        recipe = passage(tmp_path, 1000)
        long = {**recipe.preprocessing, "sequence_length": 256}
        prepare(replace(recipe, preprocessing=long), tmp_path / "cache")


def test_a_file_of_one_column_is_forecast(tmp_path: Path) -> None:
    recipe = air(tmp_path)
    dust = pd.read_csv(tmp_path / "air.csv")[["pm2.5"]].ffill()
    dust.to_csv(tmp_path / "air.csv", index=False)
    lone = replace(recipe, roles={"pm2.5": "target"}, split={**recipe.split, "time_column": "none"})
    prepared = prepare(lone, tmp_path / "cache")
    assert prepared.arrays["series"].shape[1:] == (24, 1)
    assert [problem.code for problem in prepared.problems] == ["one_column"]
    with pytest.raises(BuilderError, match="No column is left to learn from"):
        prepare(DataRecipe(recipe.source, "regression", {"pm2.5": "target"}), tmp_path / "cache")


def test_a_language_model_learns_from_one_column_of_texts(tmp_path: Path) -> None:
    recipe = passage(tmp_path)
    verses = Path(recipe.source["path"]).read_text(encoding="utf-8").split("\n\n")
    file = tmp_path / "two.csv"
    pd.DataFrame({"verse": verses, "again": verses}).to_csv(file, index=False)
    for roles in ({"verse": "text", "again": "text"}, {"verse": "ignore", "again": "ignore"}):
        two = replace(recipe, source={"kind": "csv", "path": str(file)}, roles=roles)
        with pytest.raises(BuilderError, match="Give exactly one column the role text") as raised:
            prepare(two, tmp_path / "cache")
        assert raised.value.problems[0].code == "no_text_column"
