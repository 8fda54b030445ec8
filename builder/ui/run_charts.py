"""Charts over several runs, and of what goes on inside one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.colors
import plotly.graph_objects as go

from builder.ui.charts import ACCENT, CONTRAST, MARGIN

COLORS = plotly.colors.qualitative.Safe
FEW_EPOCHS = 12
# Of the lowest to the highest score, each of which is seen on the ground.
_ON_LIGHT = "Viridis"
_ON_DARK = [[0, "#8b7fe0"], [0.5, "#2bb07f"], [1, "#fde725"]]


def overlaid_curves(curves: Mapping[str, Mapping[str, Sequence[Sequence[float]]]], name: str) -> go.Figure:
    """Return one line a run for a value over the epochs.

    Args:
        curves: label of a run -> name of a value -> pairs of epoch and value.
        name: the value to draw.
    """
    figure = go.Figure()
    for number, (label, values) in enumerate(curves.items()):
        points = values.get(name, [])
        figure.add_scatter(
            x=[point[0] for point in points],
            y=[point[1] for point in points],
            name=label,
            mode="lines+markers",
            line={"color": COLORS[number % len(COLORS)], "width": 2},
            marker={"size": 5},
        )
    figure.update_layout(margin=MARGIN, height=380, legend={"orientation": "h", "y": -0.2})
    epochs = max((point[0] for values in curves.values() for point in values.get(name, [])), default=0)
    # Plotly would mark the halves between a few epochs.
    figure.update_xaxes(title="epoch", tickformat="d", dtick=1 if epochs <= FEW_EPOCHS else None)
    figure.update_yaxes(title=name.replace("_", " "))
    return figure


def parallel_coordinates(
    rows: Sequence[Mapping[str, Any]], axes: Sequence[str], score: str, dark: bool = False
) -> go.Figure:
    """Return one line a run through its settings, colored by a score.

    Args:
        rows: values of each run under the axes' names and the score's.
        axes: settings; words get a place each on their axis.
        score: the last axis.
        dark: whether the page is light on dark.
    """
    ink = "#e6ecec" if dark else "#22302f"
    scores = [float(row[score]) for row in rows]
    dimensions = [_dimension(axis, [row.get(axis) for row in rows]) for axis in axes]
    line = {"color": scores, "colorscale": _ON_DARK if dark else _ON_LIGHT, "showscale": True}
    figure = go.Figure(
        go.Parcoords(
            line=line,
            dimensions=[*dimensions, _dimension(score, scores)],
            labelfont={"color": ink, "size": 12},
            tickfont={"color": ink},
            rangefont={"color": "rgba(0,0,0,0)"},
        )
    )
    figure.update_layout(margin={"l": 60, "r": 40, "t": 50, "b": 20}, height=360)
    return figure


def _dimension(name: str, values: Sequence[Any]) -> dict[str, Any]:
    label = name.replace("_", " ")
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return {"label": label, "values": list(values)}
    words = sorted({str(value) for value in values})
    places = [words.index(str(value)) for value in values]
    return {"label": label, "values": places, "tickvals": list(range(len(words))), "ticktext": words}


def norms(samples: Sequence[Mapping[str, Any]], kind: str) -> go.Figure:
    """Return the length of each layer's weights or gradients over the steps.

    Args:
        samples: as ``builder.train.tensor_samples`` takes them.
        kind: "weight_norm" or "gradient_norm".
    """
    figure = go.Figure()
    for number, layer in enumerate(samples[-1]["layers"]):
        figure.add_scatter(
            x=[sample["step"] for sample in samples],
            # A logarithmic axis has no place for 0.
            y=[sample["layers"][layer][kind] or None for sample in samples],
            name=layer,
            mode="lines+markers",
            line={"color": COLORS[number % len(COLORS)]},
            marker={"size": 4},
        )
    figure.update_layout(margin=MARGIN, height=300, legend={"orientation": "h", "y": -0.35})
    figure.update_xaxes(title="step")
    figure.update_yaxes(type="log", title=kind.replace("_", " "), exponentformat="power")
    return figure


def layer_histogram(facts: Mapping[str, Any], kind: str) -> go.Figure:
    """Return the histogram of a layer's "weights" or "gradients" in one sample."""
    edges, counts = facts[kind]["edges"], facts[kind]["counts"]
    middles = [(low + high) / 2 for low, high in zip(edges, edges[1:], strict=False)]
    color = ACCENT if kind == "weights" else CONTRAST
    figure = go.Figure(go.Bar(x=middles, y=counts, marker_color=color))
    figure.update_layout(margin=MARGIN, height=200, bargap=0.02)
    figure.update_xaxes(title=kind)
    return figure
