"""Boxes are read from a detection's grid, repeats go, and average precision is that of Pascal VOC."""

import numpy as np
import pytest

from builder.detections import (
    Detections,
    average_precision,
    detections,
    matched,
    mean_average_precision,
    overlap,
)


def grid_of(*things: tuple[int, int, int, float, tuple[float, float, float, float]]) -> np.ndarray:
    """Return a grid of 6 x 8 cells for two classes: row, column, class, score and distances of each thing."""
    grid = np.zeros((6, 8, 6), np.float32)
    for row, column, kind, score, sides in things:
        grid[row, column, kind] = score
        grid[row, column, 2:] = sides
    return grid


def boxes_at(*lefts: float) -> np.ndarray:
    return np.array([[left, 0.0, left + 0.1, 0.1] for left in lefts])


def test_a_cell_says_where_the_sides_of_its_box_are() -> None:
    (box,) = detections(grid_of((2, 3, 1, 0.9, (0.1, 0.2, 0.3, 0.4)))).boxes
    x, y = 3.5 / 8, 2.5 / 6
    assert box == pytest.approx([x - 0.1, y - 0.2, x + 0.3, y + 0.4])


def test_of_boxes_of_one_class_on_one_thing_the_surest_stays() -> None:
    side = (0.3, 0.3, 0.3, 0.3)
    found = detections(grid_of((2, 3, 0, 0.6, side), (2, 4, 0, 0.8, side), (3, 4, 1, 0.7, side)))
    assert found.classes.tolist() == [0, 1]
    assert found.scores == pytest.approx([0.8, 0.7], abs=1e-6)
    assert found.above(0.75).classes.tolist() == [0]


def test_nothing_is_found_on_an_empty_grid() -> None:
    assert len(detections(grid_of()).boxes) == 0
    nothing = np.full((1, 3, 5), -1.0)
    assert mean_average_precision([detections(grid_of())], nothing, 2) == (0.0, [None, None])


def test_overlap_is_intersection_over_union() -> None:
    one = np.array([[0.0, 0.0, 0.2, 0.2]])
    other = np.array([[0.1, 0.0, 0.3, 0.2], [0.5, 0.5, 0.6, 0.6], [0.0, 0.0, 0.2, 0.2]])
    assert overlap(one, other)[0] == pytest.approx([1 / 3, 0.0, 1.0])


def test_a_true_box_is_taken_once_by_the_surest() -> None:
    found = Detections(np.zeros(3, int), np.array([0.9, 0.8, 0.7]), boxes_at(0.0, 0.01, 0.5))
    assert matched(found, np.array([0, 1]), boxes_at(0.0, 0.5)).tolist() == [0, -1, -1]


# 24 boxes found, of 15 that are there, by falling score. By hand: recall 1/15 at precision 1, 2/15
# at 2/3, up to 6/15 at 6/14, 7/15 at 7/22.
LONG = (
    *((0.95, 1), (0.95, 0), (0.91, 1), (0.88, 0), (0.84, 0), (0.80, 0), (0.78, 0), (0.74, 0), (0.71, 0)),
    *((0.70, 1), (0.67, 0), (0.62, 1), (0.54, 1), (0.48, 1), (0.45, 0), (0.45, 0), (0.44, 0), (0.44, 0)),
    *((0.43, 0), (0.38, 0), (0.35, 0), (0.23, 1), (0.18, 0), (0.14, 0)),
)


@pytest.mark.parametrize(
    ("pairs", "there", "expected"),
    [
        (LONG, 15, (1 + 2 / 3 + 4 * 6 / 14 + 7 / 22) / 15),
        (((0.9, 1), (0.8, 1)), 2, 1.0),
        (((0.9, 1),), 2, 0.5),
        (((0.9, 0), (0.8, 1)), 1, 0.5),
        # Recall rises to 1/2 at precision 1, and to 1 at 2/3.
        (((0.9, 1), (0.8, 0), (0.7, 1)), 2, 0.5 + 0.5 * 2 / 3),
        ((), 3, 0.0),
    ],
)
def test_average_precision_of_known_cases(pairs: tuple, there: int, expected: float) -> None:
    scores = np.array([score for score, _ in pairs])
    rights = np.array([right for _, right in pairs], dtype=bool)
    assert average_precision(scores, rights, there) == pytest.approx(expected, abs=1e-4)


def test_the_mean_is_over_the_classes_that_are_there() -> None:
    target = np.full((1, 3, 5), -1.0)
    target[0, 0] = [0, 0.0, 0.0, 0.1, 0.1]
    target[0, 1] = [0, 0.5, 0.0, 0.6, 0.1]
    found = Detections(np.array([0, 1]), np.array([0.9, 0.8]), boxes_at(0.0, 0.5))
    mean, each = mean_average_precision([found], target, 3)
    assert (mean, each) == (0.5, [0.5, None, None])
