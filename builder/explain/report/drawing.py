"""Charts of a report as SVG, drawn without a library so that the file stays small and needs no scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise
from unicodedata import east_asian_width

from builder.scores import number_words

FOR, AGAINST, GRAY = "#14857b", "#d95926", "#8a979c"
# Twelve that can be told apart, also beside each other; a chart of more curves names these.
_COLORS = (
    *(FOR, AGAINST, "#4c6ac2", "#b08a2e", "#7a5ea8", "#5f7f3a", "#a8466b", "#5a6b73"),
    *("#2f9ec4", "#8c5a3c", "#c45fb0", "#94b52f"),
)
_LINE = 16
_ROW = 22
_SIDE = 240
_ROOM = 260
_GAP = 8
_LONGEST = 40
# In pixels, of the widest of usual letters: nothing may be cut off, whatever font the reader has.
_LETTER, _WIDE_LETTER = 7.4, 13.0

Curve = tuple[str, Sequence[float], Sequence[float]]


def bars(
    labels: Sequence[str],
    values: Sequence[float],
    spreads: Sequence[float] | None = None,
    words: Callable[[float], str] = number_words,
) -> str:
    """Return bars from zero to each value, with its figure, and a line for its spread where there is one.

    Args:
        labels: what each bar stands for.
        values: where each bar ends.
        spreads: how far each value may be off to both sides.
        words: makes a value's figure.
    """
    short, figures = [_short(label) for label in labels], [words(value) for value in values]
    reach = spreads or [0.0] * len(values)
    ends = [(value - far, value + far) for value, far in zip(values, reach, strict=True)]
    low, high = min(0.0, *(end[0] for end in ends)), max(0.0, *(end[1] for end in ends))
    begin, scale = _widest(short) + _GAP, _ROOM / ((high - low) or 1.0)

    def place(value: float) -> float:
        return begin + (value - low) * scale

    zero = place(0.0)
    pieces = [_line([(zero, 0), (zero, len(short) * _ROW)], "#cfd6d8", 1)]
    for number, (value, (least, most)) in enumerate(zip(values, ends, strict=True)):
        top, (left, right) = number * _ROW, sorted((zero, place(value)))
        color = FOR if value >= 0 else AGAINST
        pieces.append(
            _text(begin - _GAP, top + 15, short[number], "end")
            + f'<rect x="{left:.1f}" y="{top + 3}" width="{right - left:.1f}" height="{_ROW - 6}" '
            f'fill="{color}"/>' + _text(max(right, place(most)) + _GAP, top + 15, figures[number])
        )
        if spreads is not None:
            middle = top + _ROW / 2
            pieces.append(_line([(place(least), middle), (place(most), middle)], "#333", 1.5))
    return _svg(begin + _ROOM + _GAP + _widest(figures), len(short) * _ROW, pieces)


def lines(curves: Sequence[Curve], x_title: str, y_title: str, diagonal: str = "") -> str:
    """Return curves on a square from 0 to 1 with their names beside it.

    Args:
        curves: of each its name, its x and its y.
        x_title: what is told from left to right.
        y_title: what is told upwards.
        diagonal: what the dotted line from corner to corner stands for; none is drawn without a name.
    """
    frame = _Frame(x_title, y_title)
    named: list[tuple[str, str, bool]] = []
    for number, (name, xs, ys) in enumerate(curves):
        color = _COLORS[number % len(_COLORS)]
        frame.pieces.append(_line([frame.place(x, y) for x, y in zip(xs, ys, strict=True)], color, 2))
        if number < len(_COLORS):
            named.append((_short(name), color, False))
    if diagonal:
        frame.pieces.append(_line([frame.place(0, 0), frame.place(1, 1)], GRAY, 1, dotted=True))
        named.append((diagonal, GRAY, True))
    more = len(curves) - len(_COLORS)
    right = frame.left + _SIDE + 2 * _GAP
    for number, (name, color, dotted) in enumerate(named):
        top = 14 + number * _LINE
        frame.pieces.append(_line([(right, top), (right + 18, top)], color, 3, dotted))
        frame.pieces.append(_text(right + 18 + _GAP, top + 4, name))
    if more > 0:
        frame.pieces.append(_text(right, 18 + len(named) * _LINE, f"and {more} more"))
    width = right + 18 + _GAP + _widest([name for name, _, _ in named])
    return _svg(width, max(frame.height, 14 + (len(named) + 1) * _LINE), frame.pieces)


def dots(xs: Sequence[float], ys: Sequence[float], x_title: str, y_title: str, diagonal: bool) -> str:
    """Return dots, with the line of equal values, or that of zero, dotted."""
    low, high = (min(*xs, *ys), max(*xs, *ys)) if diagonal else (min(xs), max(xs))
    bottom, top = (low, high) if diagonal else (min(0.0, *ys), max(0.0, *ys))
    frame = _Frame(x_title, y_title, (low, high), (bottom, top))
    start = frame.place(low, low if diagonal else 0.0)
    frame.pieces.append(_line([start, frame.place(high, high if diagonal else 0.0)], GRAY, 1, dotted=True))
    for x, y in zip(xs, ys, strict=True):
        left, down = frame.place(x, y)
        frame.pieces.append(f'<circle cx="{left:.1f}" cy="{down:.1f}" r="2" fill="{FOR}" opacity="0.45"/>')
    return _svg(frame.left + _SIDE + _GAP, frame.height, frame.pieces)


def steps(edges: Sequence[float], counts: Sequence[int], title: str) -> str:
    """Return a histogram from its edges, one more than its counts; ``title`` says what its values are."""
    height, width, most = 120, 460, max(1, *counts)
    span = (edges[-1] - edges[0]) or 1.0
    pieces = []
    for (low, high), count in zip(pairwise(edges), counts, strict=True):
        left, wide = (low - edges[0]) / span * width, (high - low) / span * width
        tall = count / most * height
        pieces.append(
            f'<rect x="{left:.1f}" y="{height - tall:.1f}" width="{max(wide - 1, 0.5):.1f}" '
            f'height="{tall:.1f}" fill="{FOR}"/>'
        )
    below = height + 15
    pieces += [_text(0, below, number_words(edges[0])), _text(width / 2, below, title, "middle")]
    pieces.append(_text(width, below, number_words(edges[-1]), "end"))
    return _svg(width, height + 20, pieces)


class _Frame:
    """A square with titles and the ends of its axes, and what is drawn in it.

    Args:
        x_title: what is told from left to right.
        y_title: what is told upwards.
        across: the values at the left and the right end.
        up: the values at the bottom and the top.
    """

    def __init__(
        self,
        x_title: str,
        y_title: str,
        across: tuple[float, float] = (0, 1),
        up: tuple[float, float] = (0, 1),
    ) -> None:
        self.across, self.up = across, up
        ends = [number_words(value, 3) for value in up]
        self.left = _LINE + _GAP + _widest(ends)
        self.height = _SIDE + 44
        bottom, right, middle = 6 + _SIDE, self.left + _SIDE, 6 + _SIDE / 2
        self.pieces = [
            f'<rect x="{self.left:.1f}" y="6" width="{_SIDE}" height="{_SIDE}" fill="none" '
            'stroke="#cfd6d8"/>',
            _text(self.left, bottom + 14, number_words(across[0], 3)),
            _text(right, bottom + 14, number_words(across[1], 3), "end"),
            _text(self.left + _SIDE / 2, bottom + 32, x_title, "middle"),
            _text(self.left - 4, bottom, ends[0], "end") + _text(self.left - 4, 16, ends[1], "end"),
            f'<text transform="translate(11 {middle}) rotate(-90)" text-anchor="middle">'
            f"{escape(y_title)}</text>",
        ]

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a pair of values lies, in pixels."""
        (low, high), (bottom, top) = self.across, self.up
        right, down = (x - low) / ((high - low) or 1.0), (top - y) / ((top - bottom) or 1.0)
        return self.left + right * _SIDE, 6 + down * _SIDE


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _line(points: Sequence[tuple[float, float]], color: str, width: float, dotted: bool = False) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dash = ' stroke-dasharray="3 3"' if dotted else ""
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width}"{dash}/>'


def _svg(width: float, height: float, pieces: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}">{"".join(pieces)}</svg>'


def _widest(texts: Sequence[str]) -> float:
    return max((_width(text) for text in texts), default=0.0)


def _width(text: str) -> float:
    return sum(_WIDE_LETTER if east_asian_width(letter) in "WF" else _LETTER for letter in text)


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
