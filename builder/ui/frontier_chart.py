"""The chart of the Frontier page: variants by score and cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from builder.scores import is_share, metric_name, number_words
from builder.sizes import KB
from builder.truth.frontier import described, key_of
from builder.ui.charts import ACCENT, CHANNEL_COLORS, MARGIN

HEIGHT = 420
# About what is left of the chart for points, and what a letter of a name takes of it, in pixels.
_WIDTH, _TALL = 900.0, 320.0
_LETTER, _LINE = 6.5, 15.0
_MARKER = 8.0
_SIDES = ("top center", "bottom center", "middle right", "middle left")

Point = Mapping[str, Any]
Box = tuple[float, float, float, float]


def frontier(points: Sequence[Point], front: Sequence[Point], cost: str, chosen: str | None) -> go.Figure:
    """Return variants by score and cost, each run in its color, the best ones joined, the chosen one starred.

    Args:
        points: variants, as ``builder.truth.frontier`` takes them; at least one has the cost.
        front: those that no other beats, the cheapest first.
        cost: ``"bytes"`` or ``"latency_ms"``.
        chosen: the key of the chosen one.
    """
    scale = KB if cost == "bytes" else 1
    known = [point for point in points if point.get(cost) is not None]
    costs, scores = [point[cost] / scale for point in known], [point["score"] for point in known]
    metric = known[0]["metric"]
    reach = _reach(scores, metric)
    sides = _sides(known, costs, reach)
    figure = go.Figure()
    figure.add_scatter(
        x=[point[cost] / scale for point in front],
        y=[point["score"] for point in front],
        mode="lines",
        line={"color": ACCENT, "width": 2, "dash": "dot", "shape": "hv"},
        name="frontier",
        hoverinfo="skip",
    )
    for place, run in enumerate(dict.fromkeys(point["run"] for point in known)):
        color = CHANNEL_COLORS[place % len(CHANNEL_COLORS)]
        own = [number for number, point in enumerate(known) if point["run"] == run]
        figure.add_scatter(
            x=[costs[number] for number in own],
            y=[scores[number] for number in own],
            mode="markers+text",
            marker={"color": color, "size": 12, "line": {"width": 1, "color": "#ffffff"}},
            customdata=[key_of(known[number]) for number in own],
            text=[_name(known[number]) if sides[number] else "" for number in own],
            textposition=[sides[number] or _SIDES[0] for number in own],
            cliponaxis=False,
            hovertext=[described(known[number]) for number in own],
            hovertemplate="%{hovertext}<extra></extra>",
            name=known[own[0]]["run_name"],
        )
    for point, x in zip(known, costs, strict=True):
        if key_of(point) == chosen:
            star = {"color": ACCENT, "size": 19, "symbol": "star", "line": {"width": 1, "color": "#ffffff"}}
            figure.add_scatter(
                x=[x], y=[point["score"]], mode="markers", marker=star, showlegend=False, hoverinfo="skip"
            )
    title = "size in KB of 1,024 bytes" if cost == "bytes" else "latency of one sample in ms"
    figure.update_layout(margin=MARGIN, height=HEIGHT, legend={"orientation": "h", "y": 1.1})
    figure.update_xaxes(title=f"{title} (log scale)", **_log_axis(costs))
    percent = ".1%" if is_share(metric) else ","
    figure.update_yaxes(title=metric_name(metric), range=reach, tickformat=percent)
    return figure


def _name(point: Point) -> str:
    return str(point["label"]).removeprefix("TFLite, ").removesuffix(" (.keras)")


def _reach(scores: Sequence[float], metric: str) -> list[float]:
    """Return the ends of the axis of scores: tenths of a point, or of a percent, are no cliffs."""
    low, high = min(scores), max(scores)
    least = 0.02 if is_share(metric) else 0.04 * max(map(abs, scores))
    margin = 0.15 * (high - low) + max(0.0, least - (high - low)) / 2
    return [low - margin, high + margin]


def _log_axis(values: Sequence[float]) -> dict[str, Any]:
    """Return a logarithmic axis with room around its values, marked at 1, 2 and 5 of every power of ten."""
    low, high = _log_ends(values)
    powers = range(math.floor(low), math.ceil(high) + 1)
    marks = [first * 10.0**power for power in powers for first in (1, 2, 5)]
    shown = [mark for mark in marks if low <= math.log10(mark) <= high]
    return {
        "type": "log",
        "range": [low, high],
        "tickvals": shown,
        "ticktext": [number_words(mark) for mark in shown],
    }


def _log_ends(values: Sequence[float]) -> tuple[float, float]:
    return math.log10(0.7 * min(values)), math.log10(1.4 * max(values))


def _sides(points: Sequence[Point], costs: Sequence[float], reach: Sequence[float]) -> list[str | None]:
    """Return for each point the side on which its name covers nothing; None where there is none."""
    (left, right), (bottom, top) = _log_ends(costs), reach
    at = [
        (
            (math.log10(x) - left) / (right - left) * _WIDTH,
            (top - point["score"]) / ((top - bottom) or 1.0) * _TALL,
        )
        for point, x in zip(points, costs, strict=True)
    ]
    taken: list[Box] = [(x - _MARKER, y - _MARKER, x + _MARKER, y + _MARKER) for x, y in at]
    sides: list[str | None] = []
    for number, (x, y) in enumerate(at):
        boxes = _boxes(x, y, _LETTER * len(_name(points[number])))
        others = taken[:number] + taken[number + 1 :]
        free = [side for side, box in boxes.items() if not any(_meet(box, other) for other in others)]
        sides.append(free[0] if free else None)
        if free:
            taken.append(boxes[free[0]])
    return sides


def _boxes(x: float, y: float, wide: float) -> dict[str, Box]:
    half, gap = _LINE / 2, _MARKER + 1
    return {
        "top center": (x - wide / 2, y - gap - _LINE, x + wide / 2, y - gap),
        "bottom center": (x - wide / 2, y + gap, x + wide / 2, y + gap + _LINE),
        "middle right": (x + gap, y - half, x + gap + wide, y + half),
        "middle left": (x - gap - wide, y - half, x - gap, y + half),
    }


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
