"""Samples as windows of one long series or text: stored once, looked at through a moving frame.

Row ``n`` of the windows of a stored array covers its entries from ``n * stride`` on. Nothing is copied until
rows are read, so that overlapping windows cost no space.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

SERIES_FILE = "series.npy"
TOKENS_FILE = "tokens.npy"
TARGET_FILE = "target_series.npy"


def series_windows(
    values: np.ndarray, target: np.ndarray, windows: Mapping[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs of a forecast and what follows each.

    Args:
        values: every moment of the series, (moments, channels).
        target: the values to forecast, (moments,).
        windows: ``length`` and ``horizon`` in moments, and ``stride``.

    Returns:
        Views of shape (windows, length, channels) and (windows, horizon).
    """
    length, horizon, stride = windows["length"], windows["horizon"], windows["stride"]
    moving = np.lib.stride_tricks.sliding_window_view
    past = moving(values, length, axis=0)[: len(values) - length - horizon + 1 : stride]
    future = moving(target[length:], horizon)[::stride]
    return past.transpose(0, 2, 1), future


def token_windows(tokens: np.ndarray, windows: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return pieces of a text and, for every token of them, the token after it.

    Args:
        tokens: every token of the text, (tokens,).
        windows: ``length`` in tokens and ``stride``.

    Returns:
        Two views of shape (windows, length).
    """
    length, stride = windows["length"], windows["stride"]
    moving = np.lib.stride_tricks.sliding_window_view
    return moving(tokens[:-1], length)[::stride], moving(tokens[1:], length)[::stride]


def window_parts(
    edges: Mapping[str, tuple[int, int]], first: int, last: int, count: int, stride: int
) -> dict[str, np.ndarray]:
    """Return the windows whose targets lie wholly within each part.

    Args:
        edges: where each part begins and ends, in entries of the stored array.
        first: from a window's start to the first entry of its target.
        last: from a window's start to the last entry of its target.
        count: the number of windows.
        stride: entries from one window to the next.
    """
    starts = np.arange(count, dtype=np.int64) * stride
    return {
        part: np.flatnonzero((starts + first >= begin) & (starts + last < end))
        for part, (begin, end) in edges.items()
    }
