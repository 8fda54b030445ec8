"""Resampling shows every class equally often, and says so from the seed and the epoch alone."""

import numpy as np
import pytest

from builder.data.resampling import resampled_order, resampled_rows

CLASSES = np.repeat([0, 1, 3], [50, 7, 20])


@pytest.mark.parametrize(("method", "each"), [("oversample", 50), ("undersample", 7)])
def test_every_class_comes_equally_often(method, each):
    order = resampled_order(CLASSES, method, seed=3, epoch=0)
    assert np.bincount(CLASSES[order]).tolist() == [each, each, 0, each]
    assert len(order) == resampled_rows(CLASSES, method) == 3 * each
    shown = np.bincount(order, minlength=len(CLASSES))
    for number in (0, 1, 3):
        own = shown[number == CLASSES]
        assert own.max() - own.min() <= 1


@pytest.mark.parametrize("method", ["oversample", "undersample"])
def test_the_order_is_another_one_in_every_epoch_and_the_same_for_the_same_seed(method):
    orders = [resampled_order(CLASSES, method, *pair) for pair in ((3, 0), (3, 0), (3, 1), (4, 0))]
    assert np.array_equal(orders[0], orders[1])
    assert not any(np.array_equal(orders[0], other) for other in orders[2:])
