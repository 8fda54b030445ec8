"""Each fault is put into sound data, and is found with its rows; sound data raise no false alarm."""

import numpy as np
import pandas as pd
import pytest

from builder.data.prepare import prepare
from builder.data.quality import quality
from builder.project import DataRecipe

ROLES = {"a": "numeric", "b": "numeric", "city": "categorical", "kind": "target"}


def sound_rows(rows=900):
    random = np.random.default_rng(1)
    kind = np.arange(rows) % 2
    return pd.DataFrame(
        {
            "a": random.normal(2 * kind, 0.7).round(5),
            "b": random.normal(-1.5 * kind, 0.7).round(5),
            "city": random.choice(["x", "y", "z"], rows),
            "kind": np.array(["no", "yes"])[kind],
        }
    )


@pytest.fixture
def found(tmp_path):
    def look(frame, **roles):
        file = tmp_path / "t.csv"
        frame.to_csv(file, index=False)
        recipe = DataRecipe({"kind": "csv", "path": str(file)}, roles={**ROLES, **roles})
        return {item.kind: item for item in quality(prepare(recipe, tmp_path / "cache"))}

    return look


def test_sound_data_raise_no_alarm(found):
    assert found(sound_rows()) == {}


def test_copies_in_other_parts_are_found(found):
    frame = sound_rows()
    frame = pd.concat([frame, frame[:200]], ignore_index=True)
    copies = found(frame)["duplicates"]
    assert 30 < copies.count <= 200 and len(copies.rows) == 20
    assert all(row < 200 or row >= 900 for row in copies.rows)


def test_equal_rows_of_two_classes_are_found(found):
    frame = sound_rows()
    frame.loc[0, "kind"], frame.loc[2, ["a", "b", "city"]] = "yes", frame.loc[0, ["a", "b", "city"]].tolist()
    assert set(found(frame)["contradictions"].rows) == {0, 2}


def test_wrong_labels_are_found(found):
    frame = sound_rows()
    is_typical = (frame["kind"] == "yes") & (frame["a"] > 2.5) & (frame["b"] < -2)
    wrong = np.flatnonzero(is_typical)[:15].tolist()
    frame.loc[wrong, "kind"] = "no"
    labels = found(frame)["labels"]
    assert len(set(labels.rows) & set(wrong)) >= 5
    assert labels.count <= 25


@pytest.mark.parametrize("rare", ["a class", "other", "zero"])
def test_wrong_labels_are_found_beside_a_class_that_no_row_looked_at_has(found, monkeypatch, rare):
    frame = sound_rows()
    is_typical = (frame["kind"] == "yes") & (frame["a"] > 2.5) & (frame["b"] < -2)
    frame.loc[np.flatnonzero(is_typical)[:15], "kind"] = "no"
    frame.loc[[33, 333, 633], "kind"] = rare
    monkeypatch.setattr("builder.data.quality.ROWS_LEARNED_FROM", 400)
    labels = found(frame)["labels"]
    assert "'no' and looks like 'yes'" in labels.message and labels.count <= 25


def test_a_column_that_gives_the_answer_away_is_named(found):
    frame = sound_rows()
    frame["paid"] = np.where(frame["kind"] == "yes", 5.0, 1.0) + np.random.default_rng(2).random(900)
    assert "'paid'" in found(frame, paid="numeric")["leakage"].message


def test_rare_classes_and_far_values_are_found(found):
    frame = sound_rows()
    frame = frame[(frame["kind"] == "no") | (np.arange(900) < 60)].reset_index(drop=True)
    frame.loc[7, "a"] = 1e6
    seen = found(frame)
    assert "'yes'" in seen["imbalance"].message
    assert seen["outliers"].rows == (7,) and "1e+06" in seen["outliers"].message


def test_known_copies_in_a_bundled_sample_are_found(prepared_sample):
    seen = {item.kind: item for item in quality(prepared_sample("sms_spam"))}
    assert seen["duplicates"].count > 50


@pytest.mark.parametrize(
    "name",
    [pytest.param("sign_language", marks=pytest.mark.exhaustive), "spoken_digits", "california_housing"],
)
def test_every_kind_of_data_can_be_looked_at(prepared_sample, name):
    assert all(item.message and item.count for item in quality(prepared_sample(name)))
