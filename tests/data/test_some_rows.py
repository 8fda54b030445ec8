"""Some rows stand for all of them, also where the data lie class by class."""

import numpy as np

from builder.data.some_rows import some_of


def test_some_rows_of_data_that_lie_class_by_class_hold_every_class() -> None:
    classes = np.repeat(np.arange(10), 500)
    chosen = some_of(np.arange(5000), 1000)
    assert len(set(chosen.tolist())) == 1000 and np.all(np.diff(chosen) > 0)
    assert np.bincount(classes[chosen], minlength=10).min() > 60
    assert np.array_equal(chosen, some_of(np.arange(5000), 1000))
    assert some_of([7, 3], 1000).tolist() == [3, 7]
