"""Scores of a forecast, beside the two rules that any forecast has to beat."""

from __future__ import annotations

from typing import Any

import numpy as np

from builder.data.prepare import Prepared
from builder.data.some_rows import spread
from builder.explain.worst import worst_points

_EXAMPLES = 6
# So many training windows tell which season fits best.
_SEASON_WINDOWS = 500


def forecast_scores(predicted: np.ndarray, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return the errors of a forecast, step by step, and those of repeating the last value or season.

    Args:
        predicted: what the model gave, (rows, horizon), in the target's unit.
        prepared: the data.
        rows: the rows that were predicted.

    Returns:
        JSON-ready data. ``by_step`` holds the mean absolute error of every future step; ``examples`` some
        windows with their past, future and forecast.

    Reference:
        Hyndman & Athanasopoulos, Forecasting: Principles and Practice (2021), section 5.2.
    """
    truth = prepared.targets[rows].astype(np.float64)
    error = np.abs(predicted - truth)
    past = _past(prepared, rows)
    horizon = truth.shape[1]
    season = _season(prepared, horizon)
    rules = {
        "always the last value": _naive(past, horizon, 1),
        f"what was {season} step(s) before": _naive(past, horizon, season),
    }
    simple = {rule: float(np.abs(guess - truth).mean()) for rule, guess in rules.items()}
    best = min(simple, key=lambda rule: simple[rule])
    return {
        "mean_absolute_error": float(error.mean()),
        "root_mean_squared_error": float(np.sqrt(np.mean(error**2))),
        "baseline": {"rule": best, "mean_absolute_error": simple[best]},
        "baselines": simple,
        "learned": float(error.mean()) < simple[best],
        "by_step": error.mean(axis=0).tolist(),
        "examples": [_example(place, past, truth, predicted, rows) for place in spread(len(rows), _EXAMPLES)],
        "worst_errors": worst_points(predicted.mean(axis=1), truth.mean(axis=1), error.mean(axis=1), rows),
    }


def _past(prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    return prepared.arrays["series"][rows][:, :, 0].astype(np.float64)


def _naive(past: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """Return the forecast that repeats the last season, (rows, horizon)."""
    last = past[:, -season:]
    return np.tile(last, -(-horizon // season))[:, :horizon]


def _season(prepared: Prepared, horizon: int) -> int:
    """Return the season within a window that would have foretold the training part best."""
    training = np.asarray(prepared.indices["train"])
    chosen = training[spread(len(training), _SEASON_WINDOWS)]
    past, truth = _past(prepared, chosen), prepared.targets[chosen].astype(np.float64)
    errors = [
        float(np.abs(_naive(past, horizon, season) - truth).mean()) for season in range(2, past.shape[1] + 1)
    ]
    return int(np.argmin(errors)) + 2 if errors else 1


def _example(
    place: int, past: np.ndarray, truth: np.ndarray, predicted: np.ndarray, rows: np.ndarray
) -> dict[str, Any]:
    return {
        "row": int(rows[place]),
        "past": past[place].tolist(),
        "true": truth[place].tolist(),
        "predicted": predicted[place].astype(np.float64).tolist(),
    }
