"""The frontier names the variants worth having and answers questions about them in words."""

from __future__ import annotations

from typing import Any

import pytest

from builder.errors import BuilderError
from builder.export.quantization import Quantization
from builder.truth import frontier
from builder.truth.boards import BOARDS, verdicts
from builder.truth.layers import decibels, hurting, shares
from builder.truth.micro import micro_answer

KB = 1024


def point(name: str, score: float, kilobytes: float, latency: float | None, **more: Any) -> dict[str, Any]:
    return {
        "run": "run",
        "run_name": "Digits",
        "format": name,
        "label": name,
        "quantization": Quantization().to_json(),
        "metric": "accuracy",
        "larger_is_better": True,
        "score": score,
        "bytes": int(kilobytes * KB),
        "latency_ms": latency,
        **more,
    }


FLOAT = point("float", 0.97, 400, 2.0)
HALF = point("half", 0.97, 200, 3.0)
EIGHT = point("eight", 0.962, 100, 1.0)
BAD = point("bad", 0.90, 120, 1.5)
POINTS = [FLOAT, HALF, EIGHT, BAD]


def test_only_what_nothing_beats_in_both_is_on_the_frontier() -> None:
    assert frontier.pareto(POINTS, "bytes") == [EIGHT, HALF]
    assert frontier.pareto(POINTS, "latency_ms") == [EIGHT, FLOAT]
    # A variant whose latency was not measured has no place on that chart.
    assert frontier.pareto([point("keras", 0.99, 500, None), FLOAT], "latency_ms") == [FLOAT]


def test_a_layer_inside_of_a_block_in_floats_is_another_variant_than_both_blocks() -> None:
    chosen = (("encoder", "query"), ("encoder/query",))
    known = [{**EIGHT, "quantization": Quantization(kept).to_json()} for kept in chosen]
    assert [frontier.point_with(known, frontier.key_of(item)) for item in known] == known


def test_a_smaller_error_is_better_where_the_metric_is_an_error() -> None:
    errors = [
        {**each, "metric": "mean_absolute_error", "larger_is_better": False, "score": score}
        for each, score in ((FLOAT, 3.0), (EIGHT, 3.4), (BAD, 9.0))
    ]
    assert [item["format"] for item in frontier.pareto(errors, "bytes")] == ["eight", "float"]
    assert frontier.smallest_within(errors, 0.5).point == errors[1]
    assert "within 0.1 of the best" in frontier.smallest_within(errors, 0.1).words


def test_points_are_of_a_share_also_where_a_smaller_one_is_better() -> None:
    of_speech = {"metric": "character_error_rate", "larger_is_better": False}
    known = [point("float", 0.05, 400, 2.0, **of_speech), point("eight", 0.20, 100, 1.0, **of_speech)]
    assert frontier.smallest_within(known, 1.0).point == known[0]
    assert frontier.smallest_within(known, 15.0).point == known[1]


@pytest.mark.parametrize(
    ("answer", "named", "words"),
    [
        (frontier.smallest_within(POINTS, 1.0), EIGHT, "within 1 point of the best (accuracy 97.0%)"),
        (frontier.smallest_within(POINTS, 0.5), HALF, "within 0.5 points"),
        (frontier.fitting(POINTS, 256), HALF, "fits 256 KB"),
        (frontier.under(POINTS, 1.6), EIGHT, "1.6 ms"),
        (frontier.fitting(POINTS, 50), None, "No variant fits 50 KB. The nearest is eight"),
        (frontier.under([], 5), None, "Nothing is measured yet"),
    ],
)
def test_questions_are_answered_in_words_with_a_point(answer: Any, named: Any, words: str) -> None:
    assert answer.point == named
    assert words in answer.words


def test_scores_of_another_kind_are_not_compared() -> None:
    other = point("other", 3.0, 1, 1.0, metric="mean_absolute_error")
    assert frontier.comparable([FLOAT, other, EIGHT]) == [FLOAT, EIGHT]
    assert frontier.comparable([]) == []


def test_a_point_is_found_again_by_its_key_and_choices_tell_points_apart() -> None:
    mixed = point("eight", 0.97, 130, 1.2, quantization=Quantization(("dense",)).to_json())
    known = [EIGHT, mixed]
    assert frontier.point_with(known, frontier.key_of(mixed)) == mixed
    assert "with dense in floats" in frontier.name_of(mixed)
    with pytest.raises(BuilderError, match="not there any more"):
        frontier.point_with(known, "gone")


def test_a_board_tells_by_how_much_a_model_fits_or_not() -> None:
    found = {item["board"]: item for item in verdicts(600 * KB, 200 * KB)}
    assert found["Arduino Nano 33 BLE Sense"]["words"] == "Fits: 424 KB of flash and 56 KB of RAM are left."
    assert found["STM32F4 Discovery"]["words"] == "Does not fit: 8 KB too little RAM."
    assert (
        found["BBC micro:bit v2"]["words"] == "Does not fit: 88 KB too little flash and 72 KB too little RAM."
    )
    assert not any(item["fits"] for item in verdicts(10, None)), "what does not run fits nowhere"
    assert all(board.source.startswith("https://") for board in BOARDS)


@pytest.mark.parametrize(
    ("operators", "written", "words"),
    [
        ({"CONV_2D"}, "[Recording] Arena allocation total 31712 bytes", "with 31 KB of RAM"),
        ({"CONV_2D", "GELU"}, "", "lacks the operator GELU"),
        (set(), "Didn't find op for builtin opcode 'SELECT'", "lacks the operator SELECT"),
        (
            {"CONV_2D"},
            "Node CONV_2D (number 3f) failed to prepare with status 1",
            "not for these kinds of numbers",
        ),
        ({"CONV_2D"}, "", "ended abruptly"),
    ],
)
def test_what_a_microcontroller_lacks_is_said_in_words(operators: set[str], written: str, words: str) -> None:
    found = micro_answer(operators, written)
    assert words in found["words"]
    assert found["runs"] == (found["arena_bytes"] is not None)


def test_the_few_blocks_that_make_most_of_the_error_are_named() -> None:
    assert hurting(shares({"a": 1.0, "b": 8.0, "c": 1.0})) == ["b"]
    assert hurting(shares({"a": 4.0, "b": 3.0, "c": 3.0})) == ["a", "b"]
    assert hurting(shares({"a": 0.0, "b": 0.0})) == []
    assert decibels(1.0, 0.001) == pytest.approx(30) and decibels(1.0, 0.0) == 120


def test_choices_that_make_no_sense_are_answered_in_words() -> None:
    with pytest.raises(BuilderError, match="Calibration takes 1 to 5,000 training samples. Got 0"):
        Quantization.from_json({"calibration_samples": 0})
    with pytest.raises(BuilderError, match="no block 'denze'. Its blocks are: conv, dense"):
        Quantization(("denze",)).check(["conv", "dense"])


def test_the_tolerance_that_is_offered_suits_the_unit_of_the_score() -> None:
    errors = [point("float", 38_958.0, 400, 2.0, metric="mean_absolute_error", larger_is_better=False)]
    assert frontier.usual_tolerance(errors) == 400
    assert "within 400 of the best (average error 38,958)" in frontier.smallest_within(errors, 400).words
    assert frontier.usual_tolerance(POINTS) == 1
