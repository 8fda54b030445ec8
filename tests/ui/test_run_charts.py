"""The charts over several runs."""

from __future__ import annotations

import pytest

from builder.ui.run_charts import overlaid_curves


@pytest.mark.parametrize(("epochs", "step"), [(2, 1), (50, None)])
def test_no_half_is_marked_between_a_few_epochs(epochs: int, step: int | None) -> None:
    curve = [[epoch, 1 / epoch] for epoch in range(1, epochs + 1)]
    figure = overlaid_curves({"long": {"loss": curve}, "short": {"loss": curve[:1]}, "other": {}}, "loss")
    assert figure.layout.xaxis.dtick == step
