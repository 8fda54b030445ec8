"""Some rows stand for all of them, also where the data lie class by class."""

import numpy as np
import pytest

from builder.data.some_rows import some_of, spread


def test_some_rows_of_data_that_lie_class_by_class_hold_every_class() -> None:
    classes = np.repeat(np.arange(10), 500)
    chosen = some_of(np.arange(5000), 1000)
    assert len(set(chosen.tolist())) == 1000 and np.all(np.diff(chosen) > 0)
    assert np.bincount(classes[chosen], minlength=10).min() > 60
    assert np.array_equal(chosen, some_of(np.arange(5000), 1000))
    assert some_of([7, 3], 1000).tolist() == [3, 7]


@pytest.mark.parametrize(
    ("count", "most", "chosen"),
    [(10, 3, [0, 4, 9]), (4, 10, [0, 1, 2, 3]), (4, 4, [0, 1, 2, 3]), (1, 3, [0]), (0, 3, []), (5, 0, [])],
)
def test_rows_are_spread_from_the_first_to_the_last(count: int, most: int, chosen: list[int]) -> None:
    assert spread(count, most) == chosen
