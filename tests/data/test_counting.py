"""Means and variances are those of the numbers, not of their rounding."""

import numpy as np
import pytest

from builder.data.counting import Moments


@pytest.mark.parametrize("constant", [0.1, -3.3e9, 1e-30, 0.0])
def test_numbers_that_are_all_the_same_have_no_variance(constant: float) -> None:
    moments = Moments()
    for count in (7, 1000, 31):
        moments.add(np.full(count, constant))
    assert moments.variance == 0.0


def test_small_differences_of_large_numbers_are_a_variance() -> None:
    moments = Moments()
    moments.add(1e9 + np.arange(1000) % 2)
    assert moments.variance == pytest.approx(0.25)
