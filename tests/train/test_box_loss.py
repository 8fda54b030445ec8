"""The loss of a detection is smallest where scores and boxes are right."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from builder.detections import detections, matched, true_boxes
from builder.training_plan.boxes import BoxLoss, generalized_union

ROWS, COLUMNS, CLASSES = 12, 16, 3
# The middles lie in the middles of cells, so that a cell can say them exactly.
TARGET = np.full((1, 4, 5), 0.0, np.float32)
TARGET[0, :, 0] = -1
TARGET[0, 0] = [0, 0.15625 - 0.1, 0.125 - 0.08, 0.15625 + 0.1, 0.125 + 0.08]
TARGET[0, 1] = [2, 0.59375 - 0.3, 0.625 - 0.3, 0.59375 + 0.3, 0.625 + 0.3]


def answer(target: np.ndarray, score: float = 0.999) -> np.ndarray:
    """Return the grid in which every cell says the box of the middle that is nearest to it."""
    grid = np.full((1, ROWS, COLUMNS, CLASSES + 4), 1e-4, np.float32)
    x, y = (np.arange(COLUMNS) + 0.5) / COLUMNS, (np.arange(ROWS) + 0.5) / ROWS
    classes, boxes = true_boxes(target[0])
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    for i in range(ROWS):
        for j in range(COLUMNS):
            sizes = boxes[:, 2:] - boxes[:, :2]
            nearest = int((((np.array([x[j], y[i]]) - middles) / sizes) ** 2).sum(axis=1).argmin())
            left, top, right, bottom = boxes[nearest]
            grid[0, i, j, CLASSES:] = [x[j] - left, y[i] - top, right - x[j], bottom - y[i]]
    for kind, middle in zip(classes, middles, strict=True):
        grid[0, int(middle[1] * ROWS), int(middle[0] * COLUMNS), kind] = score
    return grid


def loss_of(grid: np.ndarray, target: np.ndarray = TARGET) -> float:
    return float(BoxLoss()(target, grid))


def test_what_is_right_costs_nothing_and_reads_back_as_the_same_boxes() -> None:
    grid = answer(TARGET)
    assert loss_of(grid) < 0.01
    found = detections(grid[0])
    assert matched(found, *true_boxes(TARGET[0]), 0.99).tolist() in ([0, 1], [1, 0])


def test_what_is_wrong_costs_more() -> None:
    right = answer(TARGET)
    unsure, shifted, extra = right.copy(), right.copy(), right.copy()
    unsure[..., :CLASSES] = np.minimum(right[..., :CLASSES], 0.5)
    shifted[..., CLASSES:] += 0.05
    extra[0, 0, 15, 1] = 0.9
    for wrong in (unsure, shifted, extra):
        assert loss_of(wrong) > loss_of(right) + 0.1


def test_a_picture_without_boxes_wants_low_scores_only() -> None:
    empty = np.full_like(TARGET, -1.0)
    grid = np.full((1, ROWS, COLUMNS, CLASSES + 4), 1e-4, np.float32)
    assert loss_of(grid, empty) == pytest.approx(0.0, abs=1e-3)
    assert np.isfinite(loss_of(answer(TARGET), empty)) and loss_of(answer(TARGET), empty) > 1


def test_generalized_union_of_known_boxes() -> None:
    one = np.array([[0, 0, 2, 2], [0, 0, 1, 1], [0, 0, 1, 1]], np.float32)
    other = np.array([[0, 0, 2, 2], [1, 0, 2, 1], [3, 0, 4, 1]], np.float32)
    # Equal; side by side; apart by twice their width: (4 - 2) / 4 of what encloses both is empty.
    assert np.asarray(generalized_union(one, other)) == pytest.approx([1.0, 0.0, -0.5], abs=1e-5)


@pytest.mark.parametrize("wanted", [[0.5, 0.5, 0.5, 0.5], [0.5, 0.2, 0.5, 0.8], [0.2, 0.5, 0.8, 0.500001]])
@pytest.mark.parametrize("found", [None, [0.5, 0.5, 0.5, 0.5], [0.5, 0.2, 0.5, 0.8], [0.0, 0.0, 1.0, 1.0]])
def test_boxes_without_an_area_have_a_moderate_slope(wanted: list[float], found: list[float] | None) -> None:
    box = tf.constant([wanted if found is None else found])
    with tf.GradientTape() as tape:
        tape.watch(box)
        union = generalized_union(tf.constant([wanted]), box)
    slope = np.asarray(tape.gradient(union, box))
    assert np.isfinite(slope).all() and np.abs(slope).max() < 3e4
    assert -1 <= float(union[0]) <= 1


def test_the_loss_opens_again_from_its_configuration() -> None:
    loss = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(BoxLoss()))
    assert float(loss(TARGET, answer(TARGET))) == pytest.approx(loss_of(answer(TARGET)))
