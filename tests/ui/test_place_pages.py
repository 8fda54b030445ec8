"""What the Results page shows of answers for every word, pixel or cell."""

import html
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from builder.data.overlays import COLORS, from_png_text, png_text, side_by_side, with_boxes, with_classes
from builder.data.prepare import prepare
from builder.data.spec import IGNORED
from builder.project import load_preset
from builder.ui.sections.boxes import named_boxes
from builder.ui.sections.entities import colors_of, marked

WORDS = ["<b>Ann", "Lee", "saw", "Paris"]
BOTH = {
    "true": [{"type": "PER", "first": 0, "last": 1}],
    "predicted": [{"type": "PER", "first": 0, "last": 1}, {"type": "LOC", "first": 3, "last": 3}],
}
SHARES = {"precision": 0.5, "recall": 1.0, "support": 1}


def names_page(report: dict) -> None:
    from builder.ui.sections import entities

    entities.behavior(report)
    entities.worst_errors(report, 16)
    entities.answer({"tokens": ["Hi"], "entities": []}, ["PER"])


def pictures_page(section: str, report: dict, folder: str) -> None:
    from pathlib import Path

    from builder.data.prepare import Prepared
    from builder.ui.sections import boxes, masks

    shown = {"masks": masks, "boxes": boxes}[section]
    shown.behavior(report)
    shown.pictures(report, Prepared.open(Path(folder)), 16)


def test_names_are_marked_and_what_people_wrote_is_no_markup() -> None:
    text = marked(WORDS, BOTH["predicted"], colors_of(["LOC", "PER"]), [False, True])
    assert "&lt;b&gt;Ann Lee" in text and "<b>Ann" not in text
    assert text.count("<mark") == 2 and text.count("dashed") == 1


def test_a_report_of_names_shows_types_and_both_readings() -> None:
    error = {"row": 3, "errors": 1, "tokens": WORDS, **BOTH}
    types = [{"name": name, "f1": 0.7, **SHARES} for name in ("LOC", "PER")]
    report = {"entity_f1": 0.7, "types": types, **SHARES, "worst_errors": [error]}
    at = AppTest.from_function(names_page, args=(report,), default_timeout=30).run()
    assert not at.exception
    assert at.dataframe[0].value["name"].tolist() == ["LOC", "PER", "All"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prepared")


def test_a_report_of_pixels_shows_pictures_beside_the_truth(cache: Path) -> None:
    prepared = prepare(load_preset("images/unet").data, cache)
    names = list(prepared.spec.class_names)
    picture = {"row": 0, "mean_iou": 0.3, "wrong": 0.1, "mask": png_text(np.ones((64, 64)))}
    report = {
        "class_names": names,
        "classes": [{"name": name, "iou": None if name == "bag" else 0.5, "pixels": 4} for name in names],
        "confusion_matrix": np.eye(6, dtype=int).tolist(),
        "worst_errors": [picture],
        "examples": [picture],
    }
    at = AppTest.from_function(
        pictures_page, args=("masks", report, str(prepared.folder)), default_timeout=30
    ).run()
    assert not at.exception
    assert any("30%" in caption.value and "10.0%" in caption.value for caption in at.caption)


def test_a_report_of_boxes_shows_pictures_beside_the_truth(cache: Path) -> None:
    prepared = prepare(load_preset("images/detection").data, cache)
    box = {"label": "RBC", "number": 1, "score": 0.8, "left": 0.1, "top": 0.1, "right": 0.4, "bottom": 0.5}
    picture = {"row": 5, "missed": 2, "extra": 1, "boxes": [box]}
    names = list(prepared.spec.class_names)
    report = {
        "class_names": names,
        "classes": [{"name": name, "average_precision": 0.5, **SHARES} for name in names],
        "worst_errors": [picture],
        "examples": [picture],
    }
    at = AppTest.from_function(
        pictures_page, args=("boxes", report, str(prepared.folder)), default_timeout=30
    ).run()
    assert not at.exception
    assert any("2 missed, 1 too many" in caption.value for caption in at.caption)


@pytest.mark.parametrize("name", ["红细胞", "赤血球", "적혈구", "خلية", "Größe", "<b>RBC"])
def test_the_names_of_boxes_are_text_of_the_page_which_has_letters_of_any_script(name: str) -> None:
    sides = {"left": 0.1, "top": -0.1, "right": 0.4, "bottom": 0.5}
    box = {"label": name, "number": 1, "score": 0.8, **sides}
    right = {**box, "left": 0.8, "right": 1.1}
    shown = named_boxes(np.zeros((30, 40, 3), np.uint8), [box, right])
    assert shown.count(f">{html.escape(name)} 80%</span>") == 2
    assert "left:10.0%;top:0.0%" in shown and "right:0.0%" in shown
    assert 'src="data:image/png;base64,' in shown


def test_classes_color_a_picture_and_the_first_one_leaves_it_as_it_is() -> None:
    picture = np.full((4, 6, 1), 100, np.uint8)
    drawn = with_classes(picture, np.array([[0, 1, IGNORED]]))
    assert (drawn[:, :2] == 100).all()
    assert drawn[0, 2].tolist() == pytest.approx([100 + 0.55 * (color - 100) for color in COLORS[0]], abs=1)
    assert drawn[0, 5].tolist() == pytest.approx([185] * 3, abs=1)


def test_boxes_of_no_size_and_at_the_edge_can_be_drawn() -> None:
    sides = {"number": 20, "text": "<thing> 99 %", "left": 0.0, "top": 0.0, "right": 1.0, "bottom": 1.0}
    flat = {**sides, "right": 0.0}
    assert with_boxes(np.zeros((30, 40, 3), np.uint8), [sides, flat], 80).shape == (60, 80, 3)
    assert side_by_side(np.zeros((30, 40, 3)), np.ones((30, 40, 3))).shape == (30, 82, 3)


def test_a_mask_comes_back_as_it_was_written() -> None:
    mask = np.arange(12).reshape(3, 4)
    assert (from_png_text(png_text(mask)) == mask).all()
