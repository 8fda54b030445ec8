"""The Understand page and what leads from an error to its explanation."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from builder.errors import stop
from builder.ui import services
from builder.ui.global_charts import swarm

from .page_words import button, words

Open = Callable[..., AppTest]
SLICES = {
    "rows": 836,
    "error_rate": 0.04,
    "bad": "a wrong answer",
    "least_rows": 10,
    "tested": 300,
    "slices": [
        {
            "conditions": ["has “call”", "length in tokens from 22 to 30"],
            "support": 40,
            "error_rate": 0.25,
            "lowest": 0.11,
            "clear": True,
            "samples": [{"row": 3, "true": "ham", "predicted": "spam"}],
        }
    ],
}


@pytest.fixture
def row(run_id: str, open_page: Open) -> int:
    """Give the kept evaluation a cell with a test sample, and return that sample's row."""
    at = open_page("results")
    prepared = next(iter(services.workspace().prepared_folder.iterdir()))
    found = int(np.load(prepared / "test.npy")[4])
    file = services.workspace().run_folder(run_id) / "evaluation.json"
    report = json.loads(file.read_text())
    sample = {"row": found, "confidence": 0.9}
    cell = {"true": "ham", "predicted": "spam", "count": 1, "samples": [sample]}
    right = {"true": "ham", "predicted": "ham", "count": 80, "samples": [sample]}
    file.write_text(json.dumps({**report, "cells": [cell, right]}))
    assert not at.exception
    return found


def test_groups_are_looked_for_on_a_click(open_page: Open, run_id: str, engine: Any) -> None:
    engine.answers["understand"] = SLICES
    at = open_page("understand")
    assert not at.exception and not [task for task, _ in engine.asked if task == "understand"]
    button(at, "Look for groups").click().run()
    assert not at.exception
    assert "4.0% of 836 rows are a wrong answer" in words(at) and "300 groups" in words(at)
    assert at.selectbox(key="slice.chosen").value == "has “call” and length in tokens from 22 to 30"


def test_why_a_look_does_not_fit_is_told_without_alarm(open_page: Open, run_id: str, engine: Any) -> None:
    engine.answers["understand"] = stop("no_attention", "This model has no attention layers.")
    at = open_page("understand")
    at.button_group(key="understand.view").set_value("Inside").run()
    at.button_group(key="inside.look").set_value("Attention").run()
    assert not at.exception and not at.error
    assert "no attention layers" in words(at)


def test_rules_name_their_answers_as_they_are(open_page: Open, run_id: str, engine: Any) -> None:
    rule = {"conditions": ["age > 40"], "answer": "<=50K", "share": 0.5, "fidelity": 0.9}
    engine.answers["understand"] = {"fidelity": 0.9, "simple": 0.5, "words": "They do.", "rules": [rule]}
    at = open_page("understand")
    at.button_group(key="understand.view").set_value("What it goes by").run()
    assert not at.exception
    assert at.dataframe[-1].value["Answer"].tolist() == ["<=50K"]


def test_work_that_was_ended_can_be_started_again(open_page: Open, run_id: str, engine: Any) -> None:
    engine.answers["understand"] = stop("cancelled", "This was ended before it was done.")
    at = open_page("understand")
    button(at, "Look for groups").click().run()
    assert "ended before it was done" in words(at)
    engine.answers["understand"] = SLICES
    button(at, "Look for groups").click().run()
    assert "300 groups" in words(at)


def test_a_cell_of_the_confusion_matrix_shows_its_samples(open_page: Open, row: int) -> None:
    at = open_page("results")
    assert not at.exception
    chooser = at.selectbox(key="confusion.cell")
    assert chooser.value == "ham taken for spam (1)"
    assert chooser.options == ["ham taken for spam (1)", "ham, rightly (80)"]
    chooser.set_value("ham, rightly (80)").run()
    assert not at.exception and "the least sure first" in words(at)


def test_dots_of_near_values_do_not_hide_each_other() -> None:
    aside = swarm(np.array([0.0, 0.0, 0.0, 1.0]))
    assert len(set(aside[:3].tolist())) == 3 and aside[3] == 0
    assert swarm(np.zeros(3)).tolist() == [0, 0, 0]
