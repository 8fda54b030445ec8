"""Charts of a report as SVG, drawn without a library so that the file stays small and needs no scripts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise

FOR, AGAINST, GRAY = "#14857b", "#d95926", "#8a979c"
_WIDTH = 460
_LABEL = 170
_ROW = 22


def bars(labels: Sequence[str], values: Sequence[float], spreads: Sequence[float] | None = None) -> str:
    """Return bars from zero to each value, with its figure, and a line for its spread where there is one."""
    room = _WIDTH - _LABEL - 64
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0
    zero = _LABEL - low / span * room
    pieces = []
    for number, (label, value) in enumerate(zip(labels, values, strict=True)):
        top, length = number * _ROW, abs(value) / span * room
        left = zero if value >= 0 else zero - length
        color = FOR if value >= 0 else AGAINST
        pieces.append(
            f'<text x="{_LABEL - 8}" y="{top + 15}" text-anchor="end">{escape(_short(label))}</text>'
            f'<rect x="{left:.1f}" y="{top + 3}" width="{length:.1f}" height="{_ROW - 6}" fill="{color}"/>'
            f'<text x="{max(left + length, zero) + 6:.1f}" y="{top + 15}">{value:.3g}</text>'
        )
        if spreads is not None:
            ends = [zero + (value + sign * spreads[number]) / span * room for sign in (-1, 1)]
            middle = top + _ROW / 2
            pieces.append(_line([(ends[0], middle), (ends[1], middle)], "#333", 1.5))
    return _svg(_WIDTH, len(labels) * _ROW, pieces)


def lines(curves: Sequence[tuple[str, Sequence[float], Sequence[float]]], x_title: str, y_title: str) -> str:
    """Return curves on a square from 0 to 1, each with a name, its x and its y, and the diagonal dotted."""
    side, edge = 240, 34
    pieces = [_frame(side, edge, x_title, y_title), _diagonal(side, edge)]
    colors = (FOR, AGAINST, "#4c6ac2", "#b08a2e", "#7a5ea8", "#5f7f3a", "#a8466b", "#5a6b73")
    for number, (name, xs, ys) in enumerate(curves):
        color = colors[number % len(colors)]
        points = [(edge + x * side, 6 + (1 - y) * side) for x, y in zip(xs, ys, strict=True)]
        pieces.append(_line(points, color, 2))
        if number < len(colors):
            top = 18 + number * 16
            pieces.append(
                f'<text x="{edge + side + 14}" y="{top}" fill="{color}">{escape(_short(name))}</text>'
            )
    return _svg(edge + side + 190, side + edge + 12, pieces)


def dots(xs: Sequence[float], ys: Sequence[float], x_title: str, y_title: str, diagonal: bool) -> str:
    """Return dots, with the line of equal values, or that of zero, dotted."""
    side, edge = 240, 34
    low, high = (min(*xs, *ys), max(*xs, *ys)) if diagonal else (min(xs), max(xs))
    bottom, top = (low, high) if diagonal else (min(0.0, *ys), max(0.0, *ys))
    across, up = (high - low) or 1.0, (top - bottom) or 1.0
    pieces = [_frame(side, edge, x_title, y_title, (low, high), (bottom, top))]
    if diagonal:
        pieces.append(_diagonal(side, edge))
    else:
        zero = 6 + (top / up) * side
        pieces.append(_line([(edge, zero), (edge + side, zero)], GRAY, 1, dotted=True))
    for x, y in zip(xs, ys, strict=True):
        left, down = edge + (x - low) / across * side, 6 + (top - y) / up * side
        pieces.append(f'<circle cx="{left:.1f}" cy="{down:.1f}" r="2" fill="{FOR}" opacity="0.45"/>')
    return _svg(edge + side + 20, side + edge + 12, pieces)


def _frame(
    side: int,
    edge: int,
    x_title: str,
    y_title: str,
    across: tuple[float, float] = (0, 1),
    up: tuple[float, float] = (0, 1),
) -> str:
    x_ends = "".join(
        f'<text x="{edge + place * side}" y="{side + 20}" text-anchor="middle">{value:.3g}</text>'
        for place, value in enumerate(across)
    )
    return (
        f'<rect x="{edge}" y="6" width="{side}" height="{side}" fill="none" stroke="#cfd6d8"/>{x_ends}'
        f'<text x="{edge + side / 2}" y="{side + 34}" text-anchor="middle">{escape(x_title)}</text>'
        f'<text x="{edge + 4}" y="18" fill="{GRAY}">{escape(y_title)} ({up[0]:.3g} to {up[1]:.3g})</text>'
    )


def _diagonal(side: int, edge: int) -> str:
    return _line([(edge, 6 + side), (edge + side, 6)], GRAY, 1, dotted=True)


def _line(points: Sequence[tuple[float, float]], color: str, width: float, dotted: bool = False) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dash = ' stroke-dasharray="3 3"' if dotted else ""
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width}"{dash}/>'


def steps(edges: Sequence[float], counts: Sequence[int]) -> str:
    """Return a histogram from its edges, one more than its counts."""
    height, most = 120, max(1, *counts)
    span = (edges[-1] - edges[0]) or 1.0
    pieces = []
    for (low, high), count in zip(pairwise(edges), counts, strict=True):
        left, width = (low - edges[0]) / span * _WIDTH, (high - low) / span * _WIDTH
        tall = count / most * height
        pieces.append(
            f'<rect x="{left:.1f}" y="{height - tall:.1f}" width="{max(width - 1, 0.5):.1f}" '
            f'height="{tall:.1f}" fill="{FOR}"/>'
        )
    ends = f'<text x="0" y="{height + 15}">{edges[0]:.4g}</text>'
    ends += f'<text x="{_WIDTH}" y="{height + 15}" text-anchor="end">{edges[-1]:.4g}</text>'
    return _svg(_WIDTH, height + 20, [*pieces, ends])


def _svg(width: float, height: float, pieces: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img">{"".join(pieces)}</svg>'


def _short(label: str) -> str:
    return label if len(label) <= 26 else f"{label[:25]}…"
