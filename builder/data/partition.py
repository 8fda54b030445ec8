"""Cutting rows into parts. Generated scripts carry these functions, so that they cut as the studio does."""

# Scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import numpy as np


def cut(rows, validation, test):
    """Return rows for training, validation and test, in order; a share above zero gets a row at least."""
    test_rows = max(round(len(rows) * test), 1) if test else 0
    validation_rows = max(round(len(rows) * validation), 1)
    while test_rows + validation_rows >= len(rows) and test_rows + validation_rows > 2:
        test_rows, validation_rows = max(test_rows - 1, min(test_rows, 1)), max(validation_rows - 1, 1)
    first, second = len(rows) - test_rows - validation_rows, len(rows) - test_rows
    return rows[:first], rows[first:second], rows[second:]


def cut_each_class(rows, classes, class_count, validation, test, random):
    """Cut the rows of every class in random order, so that each part has its share of each class."""
    pieces = [
        cut(random.permutation(rows[classes[rows] == index]), validation, test)
        for index in range(class_count)
    ]
    return [np.concatenate(part) for part in zip(*pieces, strict=True)]
