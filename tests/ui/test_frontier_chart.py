"""The frontier's chart names its points where there is room, and marks its axes in plain numbers."""

from __future__ import annotations

from typing import Any

from builder.export.quantization import Quantization
from builder.ui.frontier_chart import frontier

LABELS = ("Keras (.keras)", "TFLite, float32", "TFLite, float16 weights", "TFLite, int8")


def point(label: str, score: float, kilobytes: float) -> dict[str, Any]:
    return {
        "run": "run",
        "run_name": "run 1",
        "format": label,
        "label": label,
        "quantization": Quantization().to_json(),
        "metric": "accuracy",
        "larger_is_better": True,
        "score": score,
        "bytes": kilobytes * 1024,
        "latency_ms": None,
    }


def names(points: list[dict[str, Any]]) -> dict[str, str]:
    """Return on which side of its point each name stands."""
    traces = frontier(points, points[:1], "bytes", None).data
    trace = next(trace for trace in traces if trace.name == "run 1")
    return {text: side for text, side in zip(trace.text, trace.textposition, strict=True) if text}


def test_every_point_is_named_where_there_is_room() -> None:
    points = [point(label, 0.9, 50 * 3**place) for place, label in enumerate(LABELS)]
    assert set(names(points)) == {"Keras", "float32", "float16 weights", "int8"}


def test_neighbors_are_named_on_different_sides() -> None:
    points = [point(label, 0.9, 100 + place) for place, label in enumerate(LABELS[:3])]
    assert len(set(names(points).values())) == 3


def test_a_crowd_is_not_named_over_and_over() -> None:
    points = [point(LABELS[1], 0.9, 100 + place / 10) for place in range(40)]
    assert len(names(points)) < 10


def test_the_axes_tell_plain_numbers_and_draw_no_cliff_of_a_tenth_of_a_point() -> None:
    layout = frontier([point(LABELS[0], 0.94, 402), point(LABELS[3], 0.939, 99)], [], "bytes", None).layout
    assert layout.xaxis.ticktext == ("100", "200", "500")
    low, high = layout.yaxis.range
    assert high - low >= 0.02
