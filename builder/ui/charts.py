"""Static charts for data and results. Colors and fonts come from the page's theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

# The accent of the theme; it reads on light and on dark ground.
ACCENT = "#14857b"
CONTRAST = "#c2703d"
MARGIN = {"l": 10, "r": 10, "t": 10, "b": 10}
LABELED_CELLS = 20
# Shown share of a scatter: more points hide each other and slow the browser.
MAXIMUM_POINTS = 3000


def class_balance(counts: Mapping[str, int]) -> go.Figure:
    """Return bars of how many rows every class has."""
    names = [str(name) for name in counts]
    figure = go.Figure(go.Bar(x=list(counts.values()), y=names, orientation="h", marker_color=ACCENT))
    figure.update_layout(margin=MARGIN, height=max(140, 26 * len(names) + 50), bargap=0.25)
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    figure.update_xaxes(title="rows", rangemode="tozero")
    return figure


def histogram(edges: Sequence[float], counts: Sequence[int], title: str, height: int = 240) -> go.Figure:
    """Return a histogram from its bin edges (one more than counts)."""
    bounds = np.asarray(edges, dtype=float)
    figure = go.Figure(
        go.Bar(x=(bounds[:-1] + bounds[1:]) / 2, y=list(counts), width=np.diff(bounds), marker_color=ACCENT)
    )
    figure.update_layout(margin=MARGIN, height=height, bargap=0.03)
    figure.update_xaxes(title=title)
    figure.update_yaxes(title="rows", rangemode="tozero")
    return figure


def confusion_matrix(matrix: Sequence[Sequence[int]], names: Sequence[str], dark: bool = False) -> go.Figure:
    """Return a heat map: one row a true class, one column a predicted class, colored by share of the row.

    The colors are opaque, so that Plotly chooses readable ink for each cell; hence ``dark``.
    """
    counts = np.asarray(matrix, dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    labels = [str(name) for name in names]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=labels,
            y=labels,
            text=counts.astype(int),
            colorscale=[[0, "#1c2529" if dark else "#f3f6f6"], [1, ACCENT]],
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=2,
            ygap=2,
            texttemplate="%{text}" if len(labels) <= LABELED_CELLS else None,
            hovertemplate="true %{y}, predicted %{x}: %{text} rows (%{z:.0%})<extra></extra>",
        )
    )
    figure.update_layout(margin=MARGIN, height=min(640, 150 + 38 * len(labels)))
    figure.update_xaxes(title="predicted", type="category", automargin=True, showgrid=False)
    figure.update_yaxes(title="true", type="category", autorange="reversed", automargin=True, showgrid=False)
    return figure


def predicted_against_true(truth: Sequence[float], predicted: Sequence[float]) -> go.Figure:
    """Return a scatter of predictions over true values, with the line of perfect predictions."""
    x, y = np.asarray(truth, float), np.asarray(predicted, float)
    step = max(1, len(x) // MAXIMUM_POINTS)
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    figure = go.Figure()
    figure.add_scatter(
        x=x[::step],
        y=y[::step],
        mode="markers",
        marker={"size": 5, "opacity": 0.45, "color": ACCENT},
        name="rows",
    )
    figure.add_scatter(
        x=[low, high],
        y=[low, high],
        mode="lines",
        line={"dash": "dot", "width": 1.5, "color": CONTRAST},
        name="perfect",
    )
    figure.update_layout(margin=MARGIN, height=420, legend={"orientation": "h", "y": 1.06})
    figure.update_xaxes(title="true")
    figure.update_yaxes(title="predicted")
    return figure


def probability_bars(shares: Mapping[str, float]) -> go.Figure:
    """Return bars of class probabilities, the likeliest on top."""
    ordered = sorted(shares.items(), key=lambda pair: -pair[1])[:10]
    figure = go.Figure(
        go.Bar(
            x=[share for _, share in ordered],
            y=[str(name) for name, _ in ordered],
            orientation="h",
            marker_color=ACCENT,
            text=[f"{share:.1%}" for _, share in ordered],
            textposition="auto",
        )
    )
    figure.update_layout(margin=MARGIN, height=60 + 30 * len(ordered), bargap=0.3)
    figure.update_xaxes(range=[0, 1], tickformat=".0%", showgrid=False)
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    return figure
