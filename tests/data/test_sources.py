"""The bundled samples are complete and documented, and sources that are gone are told."""

import numpy as np
import pytest
from making import csv_source, sample_source

from builder.data.marks import mark_of, present_mark
from builder.data.prepare import prepare
from builder.data.profile import profile, propose
from builder.data.sources import SAMPLES_FOLDER, fingerprint, open_source, sample, samples
from builder.data.table_source import TableSource
from builder.errors import BuilderError
from builder.tasks import TASKS

NAMES = [item.name for item in samples()]


def test_there_are_samples_of_every_kind_and_task():
    assert {item.kind for item in samples()} == {"audio", "image", "mixed", "text", "table"}
    # These two learn from the samples of other tasks, whose answers they leave aside.
    assert {item.task for item in samples()} == set(TASKS) - {"generation", "masked_language_model"}


def test_the_samples_stay_small():
    assert sum(file.stat().st_size for file in SAMPLES_FOLDER.rglob("*") if file.is_file()) <= 24_000_000


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_says_where_it_comes_from_and_what_it_holds(name):
    item = sample(name)
    content = open_source(sample_source(name))
    rows = len(content.frame) if isinstance(content, TableSource) else len(content.names)
    assert rows == item.rows
    assert content.problems == ()
    assert (content.is_test is not None) == item.has_given_test
    for text in (
        item.title,
        item.description,
        item.license,
        item.origin,
        item.citation,
        item.reference["text"],
    ):
        assert len(text) > 2
    assert item.reference["value"] > 0 and item.reference["metric"] == TASKS[item.task].metric


def test_passages_of_shakespeare_do_not_repeat():
    texts = open_source(sample_source("shakespeare_genres")).frame["text"]
    assert texts.is_unique
    assert texts.str.split().str.len().between(100, 130).all()
    assert not texts.str.contains(r"[A-Z]{4,}:").any()


def test_an_unknown_sample_suggests_the_nearest():
    with pytest.raises(BuilderError, match="Did you mean 'digits'"):
        sample("digit")


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({"kind": "csv", "path": "/gone/away.csv"}, "source_missing"),
        ({"kind": "images"}, "no_source"),
        ({"kind": "web", "path": "x"}, "bad_recipe"),
        ({}, "bad_recipe"),
    ],
)
def test_sources_that_are_not_there_are_told(source, code):
    with pytest.raises(BuilderError) as caught:
        open_source(source)
    assert caught.value.problems[0].code == code


def test_the_fingerprint_follows_the_content(csv_file):
    source = csv_source(csv_file("a,b\n1,2\n"))
    before = fingerprint(source)
    assert fingerprint(source) == before
    csv_file("a,b\n1,2\n3,4\n")
    assert fingerprint(source) != before


def test_the_given_test_rows_of_the_census_come_last():
    table = open_source(sample_source("adult_income"))
    assert np.flatnonzero(table.is_test)[0] == 32_561


def test_data_that_change_after_the_project_was_made_are_noticed(csv_file, tmp_path):
    rows = "".join(f"{n * 7 % 40},{'ab'[n % 2]}\n" for n in range(40))
    path = csv_file("x,kind\n" + rows)
    recipe = propose(csv_source(path))
    assert "data_changed" not in {problem["code"] for problem in profile(recipe)["problems"]}
    assert prepare(recipe, tmp_path / "cache").problems == ()
    csv_file("x,kind\n" + rows.replace("7,b", "9,b"))
    found = {problem["code"]: problem["message"] for problem in profile(recipe)["problems"]}
    assert "has changed since this project was made" in found["data_changed"]
    assert [problem.code for problem in prepare(recipe, tmp_path / "cache").problems] == ["data_changed"]


def test_a_mark_of_a_large_file_follows_any_piece_of_its_end_and_beginning(tmp_path):
    file = tmp_path / "large.bin"
    file.write_bytes(bytes(9_000_000))
    before = mark_of(file)
    for place in (0, 8_999_999):
        data = bytearray(9_000_000)
        data[place] = 1
        file.write_bytes(data)
        assert mark_of(file) != before
    file.write_bytes(bytes(9_000_000))
    assert mark_of(file) == before


def test_a_link_that_leads_nowhere_hides_no_change_of_a_folder(tmp_path):
    source = {"path": str(tmp_path)}
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    before = present_mark(source)
    (tmp_path / "new.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert present_mark(source) != before
