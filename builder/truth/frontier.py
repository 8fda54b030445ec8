"""The frontier of a project's variants: which are worth having, and answers to three questions about them.

A point is one run in one format: ``{"run", "run_name", "format", "label", "quantization", "metric",
"larger_is_better", "score", "bytes", "latency_ms", …}``. Plain values: no page and no Keras here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builder.errors import stop
from builder.scores import is_share, metric_value, metric_words, milliseconds, number_words
from builder.sizes import KB, size_words

Point = Mapping[str, Any]
COSTS = {"bytes": "size", "latency_ms": "latency"}


@dataclass(frozen=True)
class Answer:
    """An answer in words, and the point that it names; None where no point fits."""

    words: str
    point: Point | None


def comparable(points: Sequence[Point]) -> list[Point]:
    """Return the measured points that have the metric of the newest of them: others cannot be compared."""
    measured = [point for point in points if point["score"] is not None]
    if not measured:
        return []
    metric = measured[0]["metric"]
    return [point for point in measured if point["metric"] == metric]


def pareto(points: Sequence[Point], cost: str) -> list[Point]:
    """Return the points that no other beats in score and cost at once, the cheapest first.

    Args:
        points: comparable points; those without the cost are left out.
        cost: a name of ``COSTS``.
    """
    best: float | None = None
    front = []
    for point in sorted(_costed(points, cost), key=lambda item: (item[cost], -gain(item))):
        if best is None or gain(point) > best:
            best = gain(point)
            front.append(point)
    return front


def usual_tolerance(points: Sequence[Point]) -> float:
    """Return how much worse than the best a score may usually be: a point, or about a hundredth of it.

    Args:
        points: comparable points, at least one.
    """
    best = _best(points)
    if best is None or is_share(best["metric"]) or not best["score"]:
        return 1.0
    return float(f"{abs(best['score']) / 100:.1g}")


def smallest_within(points: Sequence[Point], tolerance: float) -> Answer:
    """Return the smallest point whose score is at most so much worse than the best one's.

    Args:
        points: comparable points.
        tolerance: in points of a percentage where the metric is a share, else in the metric's own unit.
    """
    best = _best(points)
    if best is None:
        return _nothing_measured()
    allowed = gain(best) - (tolerance / 100 if is_share(best["metric"]) else tolerance)
    near = [point for point in _costed(points, "bytes") if gain(point) >= allowed - 1e-12]
    if not near:
        return _nothing_measured()
    point = min(near, key=lambda item: (item["bytes"], -gain(item)))
    unit = (
        f"{tolerance:g} point{'' if tolerance == 1 else 's'}"
        if is_share(best["metric"])
        else number_words(tolerance)
    )
    words = f"The smallest within {unit} of the best ({score_words(best)}) is {described(point)}."
    return Answer(words, point)


def fitting(points: Sequence[Point], kilobytes: float) -> Answer:
    """Return the best point whose file has at most so many kilobytes."""
    return _best_under(points, "bytes", kilobytes * KB, f"fits {kilobytes:g} KB")


def under(points: Sequence[Point], milliseconds: float) -> Answer:
    """Return the best point that answers in at most so many milliseconds on one thread of this machine."""
    return _best_under(points, "latency_ms", milliseconds, f"answers in {milliseconds:g} ms")


def gain(point: Point) -> float:
    """Return the score as a number that is larger where it is better."""
    score = float(point["score"])
    return score if point["larger_is_better"] else -score


def score_words(point: Point) -> str:
    """Return a point's score with its metric, such as "accuracy 97.4 %"."""
    return f"{metric_words(point['metric'])} {metric_value(point['metric'], point['score'])}"


def described(point: Point) -> str:
    """Return a point in words: format, run, score, size, latency."""
    parts = [score_words(point), size_words(point["bytes"])]
    if point.get("latency_ms") is not None:
        parts.append(milliseconds(point["latency_ms"]))
    return f"{name_of(point)} ({', '.join(parts)})"


def name_of(point: Point) -> str:
    """Return a point's format and run, with what stays float in it."""
    kept = point["quantization"]["keep_float"]
    aside = f" with {', '.join(kept)} in floats" if kept else ""
    return f"{point['label']}{aside} of {point['run_name']}"


def key_of(point: Point) -> str:
    """Return what tells a point from every other."""
    chosen = point["quantization"]
    parts = (point["run"], point["format"], *chosen["keep_float"], str(chosen["calibration_samples"]))
    # A slash is part of the name of a layer inside of a block.
    return " ".join(parts)


def point_with(points: Sequence[Point], key: str) -> Point:
    """Return the point of a key.

    Raises:
        BuilderError: ``unknown_point`` where there is none.
    """
    for point in points:
        if key_of(point) == key:
            return point
    raise stop("unknown_point", "That variant is not there any more. Choose another point.")


def _best_under(points: Sequence[Point], cost: str, most: float, what: str) -> Answer:
    costed = _costed(points, cost)
    if not costed:
        return _nothing_measured()
    small = [point for point in costed if point[cost] <= most]
    best = _best(small)
    if best is None:
        nearest = min(costed, key=lambda item: item[cost])
        return Answer(f"No variant {what}. The nearest is {described(nearest)}.", None)
    return Answer(f"The best that {what} is {described(best)}.", best)


def _best(points: Sequence[Point]) -> Point | None:
    # Of equally good ones the smaller.
    return max(points, key=lambda point: (gain(point), -(point["bytes"] or 0)), default=None)


def _costed(points: Sequence[Point], cost: str) -> list[Point]:
    return [point for point in points if point.get(cost) is not None]


def _nothing_measured() -> Answer:
    return Answer("Nothing is measured yet. Measure the runs first.", None)
