"""Charts of a model as a whole: importance, many explanations, dependence, weights, attention, maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from builder.ui.charts import ACCENT, CHANNEL_COLORS, CONTRAST, MARGIN, heat

MOST_PARTS = 18
# Of a dot whose value is low, and of one whose value is high, on light ground and on dark.
_LOW, _HIGH, _HIGH_ON_DARK = "#e0a458", "#0b3d60", "#4aa3f0"
# Reads on light and on dark ground.
_NEUTRAL = "#8a979c"
_SWARM = 0.38
_BINS = 30
# A chart from which points are chosen needs its lasso.
CHOOSING = {
    "displaylogo": False,
    "modeBarButtons": [["select2d", "lasso2d", "zoom2d", "pan2d", "resetScale2d"]],
}


def importance(parts: Sequence[Mapping[str, Any]], title: str) -> go.Figure:
    """Return bars of how much worse a model gets without each part, with the spread of the repeats."""
    shown = parts[:MOST_PARTS]
    figure = go.Figure(
        go.Bar(
            x=[part["worse"] for part in shown],
            y=[part["label"] for part in shown],
            error_x={"array": [part["spread"] for part in shown], "thickness": 1.2, "color": _NEUTRAL},
            orientation="h",
            marker_color=[ACCENT if part["clear"] else "#a9b8bb" for part in shown],
            hovertemplate="%{y}: %{x:.4g}<extra></extra>",
        )
    )
    figure.update_layout(margin=MARGIN, height=70 + 26 * len(shown), bargap=0.3)
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    figure.update_xaxes(title=title)
    return figure


def beeswarm(parts: Sequence[Mapping[str, Any]], title: str, dark: bool = False) -> go.Figure:
    """Return a row of dots for each part, one dot a sample, colored by where its value stands.

    ``dark`` tells whether the page is.
    """
    scale = [[0, _LOW], [1, _HIGH_ON_DARK if dark else _HIGH]]
    figure = go.Figure()
    for number, part in enumerate(parts):
        points = part["points"]
        scores = np.array([point["score"] for point in points])
        shares = [point["share"] for point in points]
        has_order = all(share is not None for share in shares)
        color: Any = shares if has_order else ACCENT
        figure.add_scatter(
            x=scores,
            y=number + swarm(scores),
            customdata=[[part["label"], point["value"], point["row"]] for point in points],
            mode="markers",
            marker={
                "size": 6,
                "opacity": 0.8,
                "color": color,
                **({"cmin": 0, "cmax": 1, "colorscale": scale} if has_order else {}),
            },
            hovertemplate="%{customdata[0]} %{customdata[1]}: %{x:+.3g}<extra></extra>",
            showlegend=False,
        )
    figure.add_vline(0, line={"color": _NEUTRAL, "width": 1})
    figure.update_layout(margin=MARGIN, height=80 + 32 * len(parts))
    names = [part["label"] for part in parts]
    figure.update_yaxes(
        tickvals=list(range(len(parts))), ticktext=names, range=[len(parts) - 0.4, -0.6], automargin=True
    )
    figure.update_xaxes(title=title, zeroline=False)
    return figure


def swarm(values: np.ndarray) -> np.ndarray:
    """Return how far each of some values is moved aside, so that dots of near values do not hide each "
    "other."""
    aside = np.zeros(len(values))
    span = float(values.max() - values.min()) if len(values) else 0.0
    if not span:
        return aside
    place = np.minimum((values - values.min()) / span * _BINS, _BINS - 1).astype(int)
    fullest = max(int(np.bincount(place).max()), 2)
    for number in np.unique(place):
        inside = np.flatnonzero(place == number)
        steps = np.arange(len(inside))
        # To both sides by turns: 0, 1, -1, 2, -2 …
        aside[inside] = (steps + 1) // 2 * np.where(steps % 2, 1, -1)
    return aside / fullest * 2 * _SWARM


def dependence(found: Mapping[str, Any], is_share: bool) -> go.Figure:
    """Return the mean answer at every value of a column, single rows thin, and how often it was seen."""
    values = found["values"]
    is_number = all(isinstance(value, (int, float)) for value in values)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.85, 0.15], vertical_spacing=0.03)
    x = values if is_number else [str(value) for value in values]
    for curve in found["curves"]:
        thin = {"color": ACCENT, "width": 1}
        figure.add_scatter(
            x=x,
            y=curve,
            mode="lines",
            line=thin,
            opacity=0.2,
            showlegend=False,
            hoverinfo="skip",
            row=1,
            col=1,
        )
    thick = {"color": CONTRAST, "width": 4}
    figure.add_scatter(
        x=x, y=found["mean"], mode="lines+markers", line=thick, name="mean", showlegend=False, row=1, col=1
    )
    figure.add_bar(
        x=x, y=found["seen"], marker_color=_NEUTRAL, name="training rows", showlegend=False, row=2, col=1
    )
    figure.update_layout(margin=MARGIN, height=440)
    figure.update_yaxes(title=f"“{found['label']}”" if is_share else found["label"], row=1, col=1)
    if is_share:
        figure.update_yaxes(tickformat=".0%", row=1, col=1)
    figure.update_yaxes(showticklabels=False, row=2, col=1)
    figure.update_xaxes(title=found["column"], row=2, col=1)
    return figure


def small_histogram(edges: Sequence[float], counts: Sequence[int]) -> go.Figure:
    """Return a histogram without titles, for many of them beside each other."""
    bounds = np.asarray(edges, dtype=float)
    figure = go.Figure(
        go.Bar(x=(bounds[:-1] + bounds[1:]) / 2, y=list(counts), width=np.diff(bounds), marker_color=ACCENT)
    )
    figure.update_layout(margin={"l": 6, "r": 6, "t": 6, "b": 6}, height=130, bargap=0)
    figure.update_yaxes(showticklabels=False, showgrid=False)
    return figure


def attention(
    scores: Sequence[Sequence[float]], queries: Sequence[str], keys: Sequence[str], dark: bool = False
) -> go.Figure:
    """Return where a head looks: a row for each place that asks, a column for each that is looked at.

    ``dark`` is as for ``builder.ui.charts.heat``.
    """
    figure = go.Figure(
        go.Heatmap(
            z=scores,
            x=list(range(len(keys))),
            y=list(range(len(queries))),
            colorscale=heat(dark),
            zmin=0,
            customdata=[[[query, key] for key in keys] for query in queries],
            hovertemplate="%{customdata[0]} looks at %{customdata[1]}: %{z:.1%}<extra></extra>",
            colorbar={"title": "share", "thickness": 12},
        )
    )
    # The same word may stand at several places: ticks are numbers with words for labels.
    figure.update_xaxes(
        title="looked at", tickvals=list(range(len(keys))), ticktext=list(keys), tickangle=-60
    )
    figure.update_yaxes(
        title="looks",
        tickvals=list(range(len(queries))),
        ticktext=list(queries),
        autorange="reversed",
        automargin=True,
    )
    figure.update_layout(margin=MARGIN, height=min(820, 200 + 18 * len(queries)))
    return figure


def sample_map(points: Sequence[Mapping[str, Any]], by: str) -> go.Figure:
    """Return samples on a plane, colored by their true class or by whether they were answered rightly."""
    figure = go.Figure()
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for point in points:
        name = ("wrong" if point["wrong"] else "right") if by == "right or wrong" else point["true"]
        groups.setdefault(name, []).append(point)
    colors = {"right": "#a9b8bb", "wrong": "#d95926"}
    for number, name in enumerate(sorted(groups)):
        own = groups[name]
        figure.add_scatter(
            x=[point["x"] for point in own],
            y=[point["y"] for point in own],
            customdata=[point["row"] for point in own],
            text=[f"is {point['true']}, said {point['predicted']}" for point in own],
            name=name,
            mode="markers",
            marker={
                "size": 7,
                "opacity": 0.75,
                "color": colors.get(name, CHANNEL_COLORS[number % len(CHANNEL_COLORS)]),
                "symbol": "x" if name == "wrong" else "circle",
            },
            hovertemplate="%{text}<extra></extra>",
        )
    return _plane(figure)


def value_map(points: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Return samples on a plane, colored by their true number."""
    figure = go.Figure(
        go.Scatter(
            x=[point["x"] for point in points],
            y=[point["y"] for point in points],
            customdata=[point["row"] for point in points],
            text=[f"is {point['true']}, said {point['predicted']}" for point in points],
            mode="markers",
            marker={
                "size": 7,
                "opacity": 0.8,
                "color": [float(point["true"].replace(",", "")) for point in points],
                "colorscale": "Viridis",
                "colorbar": {"thickness": 12},
            },
            hovertemplate="%{text}<extra></extra>",
        )
    )
    return _plane(figure)


def word_map(points: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Return words on a plane."""
    figure = go.Figure(
        go.Scatter(
            x=[point["x"] for point in points],
            y=[point["y"] for point in points],
            text=[point["word"] for point in points],
            mode="text",
            textfont={"size": 11},
        )
    )
    return _plane(figure)


def _plane(figure: go.Figure) -> go.Figure:
    figure.update_layout(margin=MARGIN, height=560, dragmode="lasso")
    figure.update_xaxes(showticklabels=False, zeroline=False)
    figure.update_yaxes(showticklabels=False, zeroline=False)
    return figure
