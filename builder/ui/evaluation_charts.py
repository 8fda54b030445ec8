"""Charts of a model's evaluation: curves, reliability, residuals, and the cells of a confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from builder.ui.charts import ACCENT, CHANNEL_COLORS, CONTRAST, MARGIN

_AXES = {
    "roc": ("false_positive_rate", "true_positive_rate", "roc_auc"),
    "precision_recall": ("recall", "precision", "average_precision"),
}
_CELL_SIZE = 30


def cell_words(cell: Mapping[str, Any]) -> str:
    """Return a cell of a confusion matrix in words, such as "4 taken for 9 (12)"."""
    if cell["true"] == cell["predicted"]:
        return f"{cell['true']}, rightly ({cell['count']:,})"
    return f"{cell['true']} taken for {cell['predicted']} ({cell['count']:,})"


def add_cells(figure: go.Figure, cells: Sequence[Mapping[str, Any]]) -> None:
    """Lay an invisible mark over every cell of a confusion matrix: a heat map itself cannot be clicked."""
    figure.add_scatter(
        x=[cell["predicted"] for cell in cells],
        y=[cell["true"] for cell in cells],
        customdata=[cell_words(cell) for cell in cells],
        mode="markers",
        marker={"symbol": "square", "size": _CELL_SIZE, "color": "rgba(0,0,0,0)"},
        selected={"marker": {"color": "rgba(217,89,38,0.45)"}},
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )


def class_curves(curves: Sequence[Mapping[str, Any]], kind: str) -> go.Figure:
    """Return a curve for each class: ``kind`` is "roc" or "precision_recall"."""
    x_name, y_name, area = _AXES[kind]
    figure = go.Figure()
    for number, item in enumerate(curves):
        figure.add_scatter(
            x=item[kind][x_name],
            y=item[kind][y_name],
            name=f"{item['name']} ({item[area]:.3f})",
            mode="lines",
            line={"color": CHANNEL_COLORS[number % len(CHANNEL_COLORS)], "width": 2},
        )
    if kind == "roc":
        dotted = {"color": CONTRAST, "dash": "dot", "width": 1}
        figure.add_scatter(x=[0, 1], y=[0, 1], name="chance", mode="lines", line=dotted)
    figure.update_layout(margin=MARGIN, height=380)
    figure.update_xaxes(title=x_name.replace("_", " "), range=[-0.01, 1.01])
    figure.update_yaxes(title=y_name.replace("_", " "), range=[-0.01, 1.02])
    return figure


def reliability(bins: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Return the share of right answers in each range of confidence, beside the line of perfect trust."""
    figure = go.Figure()
    figure.add_bar(
        x=[(item["from"] + item["to"]) / 2 for item in bins],
        y=[item["accuracy"] for item in bins],
        width=[item["to"] - item["from"] for item in bins],
        customdata=[[item["count"], item["confidence"]] for item in bins],
        hovertemplate="confidence %{customdata[1]:.0%}, right %{y:.0%}, %{customdata[0]} rows<extra></extra>",
        marker_color=ACCENT,
        opacity=0.75,
        name="right answers",
    )
    dotted = {"color": CONTRAST, "dash": "dot", "width": 1.5}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=dotted, name="as sure as right")
    figure.update_layout(margin=MARGIN, height=380, legend={"orientation": "h", "y": 1.08})
    figure.update_xaxes(title="confidence", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(title="share that is right", range=[0, 1.02], tickformat=".0%")
    return figure


def residuals(points: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Return how far each prediction is off, over what was predicted."""
    figure = go.Figure(
        go.Scatter(
            x=[point["predicted"] for point in points],
            y=[point["predicted"] - point["true"] for point in points],
            customdata=[point["row"] for point in points],
            mode="markers",
            marker={"size": 6, "opacity": 0.5, "color": ACCENT},
            hovertemplate="predicted %{x:,.5g}, off by %{y:+,.5g}<extra></extra>",
        )
    )
    figure.add_hline(0, line={"dash": "dot", "color": CONTRAST})
    figure.update_layout(margin=MARGIN, height=380)
    figure.update_xaxes(title="predicted")
    figure.update_yaxes(title="predicted − true")
    return figure
