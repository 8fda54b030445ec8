"""A forecast is compared with repeating the last value and the last season."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from builder.data.prepare import prepare
from builder.explain.forecast_scores import forecast_scores
from builder.project import DataRecipe


def season(tmp_path: Path) -> DataRecipe:
    """Return a recipe for a series that repeats itself every seven days."""
    week = [3.0, 5.0, 4.0, 8.0, 9.0, 1.0, 2.0]
    table = pd.DataFrame({"day": range(210), "sales": [week[day % 7] for day in range(210)]})
    table.to_csv(tmp_path / "sales.csv", index=False)
    return DataRecipe(
        {"kind": "csv", "path": str(tmp_path / "sales.csv")},
        "forecasting",
        {"day": "ignore", "sales": "target"},
        {"window": 14, "horizon": 3},
        {"method": "ordered"},
    )


def test_the_season_of_a_series_is_the_rule_to_beat(tmp_path: Path) -> None:
    prepared = prepare(season(tmp_path), tmp_path / "cache")
    rows = np.asarray(prepared.indices["test"])
    truth = prepared.targets[rows]
    report = forecast_scores(truth + 0.5, prepared, rows)
    assert report["mean_absolute_error"] == pytest.approx(0.5)
    assert report["baselines"]["what was 7 step(s) before"] == 0.0
    assert report["baseline"]["rule"] == "what was 7 step(s) before"
    assert not report["learned"]
    assert report["by_step"] == pytest.approx([0.5, 0.5, 0.5])


def test_examples_show_past_future_and_forecast(tmp_path: Path) -> None:
    prepared = prepare(season(tmp_path), tmp_path / "cache")
    rows = np.asarray(prepared.indices["test"])
    report = forecast_scores(prepared.targets[rows], prepared, rows)
    example = report["examples"][0]
    assert example["row"] == rows[0]
    assert len(example["past"]) == 14 and example["true"] == example["predicted"]
