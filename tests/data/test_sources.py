"""The bundled samples are complete and documented, and sources that are gone are told."""

import numpy as np
import pytest
from making import csv_source, sample_source

from builder.data.images import ImageSource
from builder.data.sources import SAMPLES_FOLDER, fingerprint, open_source, sample, samples
from builder.errors import BuilderError

NAMES = [item.name for item in samples()]


def test_there_are_samples_of_every_kind_and_task():
    assert {item.kind for item in samples()} == {"image", "text", "table"}
    assert {item.task for item in samples()} == {"classification", "regression"}


def test_the_samples_stay_small():
    assert sum(file.stat().st_size for file in SAMPLES_FOLDER.rglob("*") if file.is_file()) <= 12_000_000


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_says_where_it_comes_from_and_what_it_holds(name):
    item = sample(name)
    content = open_source(sample_source(name))
    rows = len(content.labels) if isinstance(content, ImageSource) else len(content.frame)
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
    assert item.reference["value"] > 0 and item.reference["metric"] in ("accuracy", "mean_absolute_error")


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
