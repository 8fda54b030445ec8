"""A report is one file that opens alone and tells what was found, also of models that are not explained."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
import small_places
from small_models import small
from small_tasks import trained

from builder.errors import stop
from builder.explain.evaluation import evaluate
from builder.explain.report.collect import collected
from builder.explain.report.page import page
from builder.explain.slices import slices
from builder.explain.whole.importance import permutation_importance
from builder.runs.records import RunRecord

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
NOW = 1_700_000_000.0
RUN = RunRecord(
    *("r1", "p1", "A run", "finished"), *([None] * 5), NOW, NOW, NOW, NOW, {}, {"seconds": 5.0}, None
)
VOID = ("meta", "img", "br", "rect", "circle", "polyline")


class Parsed(HTMLParser):
    """Reads a document: its text, its tags, the addresses that it asks for; unclosed tags stay open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def report_of(model: Any, project: Any, prepared: Any) -> Parsed:
    def ask(what: str, tick: Any) -> dict[str, Any]:
        if what == "slices":
            return slices(model, prepared)
        if what == "importance":
            return permutation_importance(model, prepared, repeats=1)
        raise stop("no_columns", "Rules do not fit <here>.")

    found = collected(
        RUN, project, prepared, lambda: model, evaluate(model, prepared), ask, lambda share: None
    )
    return Parsed(page(found))


@pytest.mark.parametrize("kind", ["cnn", "table", "regression"])
def test_a_report_opens_alone_and_tells_everything(kind: str) -> None:
    model, project, prepared = small(kind)
    report = report_of(model, project, prepared)
    assert report.open == [] and "script" not in report.tags and "link" not in report.tags
    assert all(address.startswith("data:image/png;base64,") for address in report.addresses)
    for heading in ("How good it is", "Where it errs most", "What it goes by", "Single answers explained"):
        assert heading in report.words
    assert project.name in report.words and prepared.spec.source_title in report.words
    assert "Rules do not fit <here>." in report.words
    assert report.words.count("Why ") == 4
    # Nobody but a programmer reads 3.9e+04 as a price.
    assert not re.search(r"\d(\.\d+)?e[+-]\d", report.words)
    if kind == "cnn":
        assert len(report.addresses) == 8 and "expected calibration error" in report.words
        evaluation = evaluate(model, prepared)
        assert f"Accuracy{evaluation['accuracy']:.1%}" in report.words
        assert all(f"{item['name']}: {item['roc_auc']:.3f}" in report.words for item in evaluation["curves"])


@pytest.mark.parametrize(
    ("task", "heads"),
    [
        ("segmentation", ("IoU", "Test pixels")),
        ("detection", ("Average precision", "Precision", "Recall", "Test boxes")),
    ],
)
def test_classes_of_pixels_and_boxes_are_told_by_their_own_scores(task: str, heads: tuple[str, ...]) -> None:
    report = report_of(*small_places.trained(task))
    assert report.open == []
    assert f"Class by classClass{''.join(heads)}" in report.words


def test_a_model_whose_answers_cannot_be_explained_has_a_report_too() -> None:
    model, project, prepared = trained("language_model")
    report = report_of(model, project, prepared)
    assert report.open == [] and "Perplexity" in report.words
    # Its pieces are characters, parts of words or words.
    assert "how frequent each piece of text is" in report.words
    assert "gives something else" in report.words and "Single answers" not in report.words
