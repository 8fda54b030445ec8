"""Static charts for data and results. Colors and fonts come from the page's theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

# The accent of the theme; it reads on light and on dark ground.
ACCENT = "#14857b"
CONTRAST = "#c2703d"
# What st.plotly_chart is told of charts without Plotly's own buttons.
PLAIN = {"displayModeBar": False}
MARGIN = {"l": 10, "r": 10, "t": 10, "b": 10}
LABELED_CELLS = 20
CHANNEL_COLORS = (ACCENT, CONTRAST, "#4c6ac2", "#b08a2e", "#7a5ea8", "#5f7f3a", "#a8466b", "#5a6b73")
# Shown share of a scatter: more points hide each other and slow the browser.
MAXIMUM_POINTS = 3000


def heat(dark: bool) -> list[list[object]]:
    """Return the colors of a heat map, from the ground of the theme, which may be ``dark``, to the accent.

    They are opaque, so that Plotly chooses readable ink for what is written in a cell.
    """
    return [[0, "#1c2529" if dark else "#f3f6f6"], [1, ACCENT]]


def class_balance(counts: Mapping[str, int], unit: str = "rows") -> go.Figure:
    """Return bars of how many rows, or other units, every class has."""
    names = [str(name) for name in counts]
    figure = go.Figure(go.Bar(x=list(counts.values()), y=names, orientation="h", marker_color=ACCENT))
    figure.update_layout(margin=MARGIN, height=max(140, 26 * len(names) + 50), bargap=0.25)
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    figure.update_xaxes(title=unit, rangemode="tozero")
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


def two_histograms(
    edges: Sequence[float], first: Sequence[int], second: Sequence[int], names: Sequence[str], mark: float
) -> go.Figure:
    """Return two histograms over the same logarithmic bins, and a line where they are told apart."""
    bounds = np.asarray(edges, dtype=float)
    middle = np.sqrt(bounds[:-1] * bounds[1:])
    figure = go.Figure()
    for counts, name, color in zip((first, second), names, (ACCENT, CONTRAST), strict=True):
        figure.add_bar(
            x=middle, y=list(counts), width=np.diff(bounds), name=name, marker_color=color, opacity=0.65
        )
    figure.add_vline(mark, line={"dash": "dot"})
    figure.update_layout(margin=MARGIN | {"t": 30}, height=360, barmode="overlay", bargap=0)
    figure.update_layout(legend={"orientation": "h", "y": 1.12})
    figure.update_xaxes(type="log", title="error of giving it back", exponentformat="power", dtick=1)
    figure.update_yaxes(title="test rows", rangemode="tozero")
    return figure


def confusion_matrix(matrix: Sequence[Sequence[int]], names: Sequence[str], dark: bool = False) -> go.Figure:
    """Return a heat map: one row a true class, one column a predicted class, colored by share of the row.

    ``dark`` is as for ``heat``.
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
            colorscale=heat(dark),
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


def range_test(
    rates: Sequence[float], losses: Sequence[float], smoothed: Sequence[float], suggestion: float
) -> go.Figure:
    """Return the loss against a learning rate that grows, with the suggested rate marked."""
    figure = go.Figure()
    thin = {"color": ACCENT, "width": 1}
    figure.add_scatter(x=list(rates), y=list(losses), name="each step", line=thin, opacity=0.35)
    figure.add_scatter(x=list(rates), y=list(smoothed), name="smoothed", line={"color": ACCENT, "width": 3})
    figure.add_vline(suggestion, line={"dash": "dot", "color": CONTRAST})
    figure.update_layout(margin=MARGIN, height=260, showlegend=False)
    figure.update_xaxes(title="learning rate", type="log", exponentformat="power", dtick=1)
    top = 1.6 * max(smoothed[:3])
    figure.update_yaxes(title="loss", range=[0.9 * min(0.0, *smoothed), top])
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


def step_errors(errors: Sequence[float]) -> go.Figure:
    """Return bars of the mean error of every step ahead, the first step on the left."""
    steps = list(range(1, len(errors) + 1))
    figure = go.Figure(go.Bar(x=steps, y=list(errors), marker_color=ACCENT))
    figure.update_layout(margin=MARGIN, height=280, bargap=0.2)
    figure.update_xaxes(title="steps ahead", dtick=1 if len(steps) <= 24 else None)
    figure.update_yaxes(title="average error", rangemode="tozero")
    return figure


def forecast(
    past: Sequence[float], truth: Sequence[float] | None, predicted: Sequence[float], height: int = 230
) -> go.Figure:
    """Return a line of the past, and after it the forecast and, where it is known, what really came."""
    now = len(past) - 1
    ahead = [now, *range(now + 1, now + 1 + len(predicted))]
    figure = go.Figure()
    figure.add_scatter(
        x=list(range(len(past))), y=list(past), mode="lines", name="past", line={"color": ACCENT}
    )
    if truth is not None:
        dotted = {"color": ACCENT, "dash": "dot"}
        figure.add_scatter(x=ahead, y=[past[-1], *truth], mode="lines", name="what came", line=dotted)
    figure.add_scatter(
        x=ahead, y=[past[-1], *predicted], mode="lines", name="forecast", line={"color": CONTRAST}
    )
    figure.update_layout(
        margin=MARGIN | {"t": 26}, height=height, legend={"orientation": "h", "y": 1.12, "font": {"size": 11}}
    )
    figure.update_xaxes(showticklabels=False, showgrid=False, zeroline=False)
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


def contributions(labels: Sequence[str], scores: Sequence[float], most: int) -> go.Figure:
    """Return bars of what the most important parts add to an answer, or take from it."""
    order = sorted(range(len(scores)), key=lambda number: -abs(scores[number]))[:most]
    figure = go.Figure(
        go.Bar(
            x=[scores[number] for number in order],
            y=[labels[number] for number in order],
            orientation="h",
            marker_color=[ACCENT if scores[number] >= 0 else "#d95926" for number in order],
            text=[f"{scores[number]:+.3g}" for number in order],
        )
    )
    shown = [0.0, *(scores[number] for number in order)]
    # Room beside the bars for the figures of the short ones.
    room = 0.15 * (max(shown) - min(shown)) or 1.0
    figure.update_xaxes(range=[min(shown) - room, max(shown) + room])
    figure.update_layout(margin=MARGIN, height=60 + 26 * len(order), bargap=0.3)
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    return figure


def deletion_and_insertion(
    deletion: Sequence[float],
    random_deletion: Sequence[float],
    insertion: Sequence[float],
    random_insertion: Sequence[float],
) -> go.Figure:
    """Return how an answer changes while parts are taken away or put back, beside orders by chance."""
    figure = go.Figure()
    lines = (
        ("taken away", deletion, "#d95926", "solid"),
        ("taken away, by chance", random_deletion, "#d95926", "dot"),
        ("put back", insertion, ACCENT, "solid"),
        ("put back, by chance", random_insertion, ACCENT, "dot"),
    )
    for name, values, color, dash in lines:
        shares = [place / max(len(values) - 1, 1) for place in range(len(values))]
        figure.add_scatter(x=shares, y=list(values), name=name, line={"color": color, "dash": dash})
    figure.update_layout(margin=MARGIN, height=300, legend={"orientation": "h", "y": -0.2})
    figure.update_xaxes(tickformat=".0%")
    return figure


def curve_sheet(samples: np.ndarray, names: Sequence[str], height: int = 460) -> go.Figure:
    """Return series beside and below each other, all channels on one scale, with one legend for all.

    Args:
        samples: (count, steps, channels).
        names: of the channels.
        height: in pixels.
    """
    columns = int(np.ceil(np.sqrt(len(samples))))
    rows = -(-len(samples) // columns)
    figure = make_subplots(
        rows, columns, shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.02, vertical_spacing=0.04
    )
    for number, sample in enumerate(samples):
        for channel, name in enumerate(names):
            color = CHANNEL_COLORS[channel % len(CHANNEL_COLORS)]
            line = go.Scatter(
                y=sample[:, channel],
                name=name,
                legendgroup=name,
                showlegend=number == 0,
                mode="lines",
                line={"color": color, "width": 1.6},
            )
            figure.add_trace(line, number // columns + 1, number % columns + 1)
    figure.update_layout(margin=MARGIN, height=height, legend={"orientation": "h", "y": 1.08})
    figure.update_yaxes(showticklabels=False, zeroline=False)
    return figure
