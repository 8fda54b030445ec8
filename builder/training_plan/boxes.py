"""What a one-pass detection makes small: scores of the middles of things, and the boxes around them."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerablocks")
class BoxLoss(keras.losses.Loss):
    """Compare a grid of scores and boxes with the boxes that are there.

    Targets have the shape ``(batch, boxes, 5)``: class (negative where there is no box), left, top, right,
    bottom as shares of the picture's size. Predictions have the shape ``(batch, rows, columns, classes +
    4)``, between 0 and 1: what ``detection_head`` gives.

    Each box has a Gaussian hill around the cell of its middle. Scores get the focal loss of CornerNet, which
    punishes a cell the less the higher it is on a hill; boxes the loss 1 - GIoU, weighted by the hill on
    which they stand, five times. Both are divided by the number of boxes of the picture.

    References:
        Law & Deng, CornerNet (2018), equation 1, for the scores.
        Rezatofighi et al., Generalized Intersection over Union (2019), for the boxes.
        Liu et al., Training-Time-Friendly Network (2020), sections 3.2 to 3.4, for hills and weights.
    """

    HILL = 0.54
    BOX_WEIGHT = 5.0

    def __init__(self, name="box_loss", reduction="sum_over_batch_size", dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true, y_pred):
        """Return the loss of every picture."""
        classes = y_pred.shape[-1] - 4
        label, box = y_true[..., 0], y_true[..., 1:5]
        hills, middles = self._hills(label >= 0, box, y_pred.shape[1], y_pred.shape[2])
        count = ops.maximum(ops.sum(ops.cast(label >= 0, "float32"), axis=1), 1.0)
        scores = self._scores(label, hills, middles, y_pred[..., :classes])
        boxes = self._boxes(box, hills, y_pred[..., classes:])
        return (scores + self.BOX_WEIGHT * boxes) / count

    def _hills(self, is_there, box, rows, columns):
        """Return the hill of every box, (batch, boxes, rows, columns), and 1 where its middle's cell is."""
        x, y = middles_of_cells(rows, columns)
        x, y = ops.reshape(x, (1, 1, 1, columns)), ops.reshape(y, (1, 1, rows, 1))
        left, top, right, bottom = (
            ops.expand_dims(ops.expand_dims(side, -1), -1) for side in ops.unstack(box, axis=-1)
        )
        # The top of a hill is the middle of a cell, so that one cell is right without reserve.
        own_x = (ops.floor(ops.clip((left + right) / 2, 0, 0.999999) * columns) + 0.5) / columns
        own_y = (ops.floor(ops.clip((top + bottom) / 2, 0, 0.999999) * rows) + 0.5) / rows
        wide = ops.maximum(self.HILL * (right - left) / 6, 0.3 / columns)
        high = ops.maximum(self.HILL * (bottom - top) / 6, 0.3 / rows)
        far = ops.square((x - own_x) / wide) + ops.square((y - own_y) / high)
        there = ops.cast(is_there, "float32")[..., None, None]
        is_middle = ops.logical_and(ops.abs(x - own_x) < 0.5 / columns, ops.abs(y - own_y) < 0.5 / rows)
        return ops.exp(-far / 2) * there, ops.cast(is_middle, "float32") * there

    def _scores(self, label, hills, middles, predicted):
        predicted = ops.clip(predicted, 1e-6, 1 - 1e-6)
        total = 0.0
        for number in range(predicted.shape[-1]):
            own = ops.cast(ops.equal(label, number), "float32")[..., None, None]
            hill = ops.max(hills * own, axis=1)
            is_middle = ops.max(middles * own, axis=1)
            score = predicted[..., number]
            found = is_middle * ops.square(1 - score) * ops.log(score)
            empty = (1 - is_middle) * ops.power(1 - hill, 4) * ops.square(score) * ops.log(1 - score)
            total -= ops.sum(found + empty, axis=(1, 2))
        return total

    def _boxes(self, box, hills, distances):
        """Each cell stands for the box whose hill is highest there."""
        shape = ops.shape(hills)
        owner = ops.argmax(hills, axis=1)
        height = ops.max(hills, axis=1)
        owned = ops.one_hot(owner, hills.shape[1], axis=1) * hills
        total = ops.maximum(ops.sum(owned, axis=(2, 3)), 1e-6)
        flat = ops.reshape(owner, (shape[0], -1))
        weight = height / ops.reshape(ops.take_along_axis(total, flat, axis=1), ops.shape(height))
        wanted = ops.take_along_axis(box, ops.repeat(flat[..., None], 4, axis=-1), axis=1)
        wanted = ops.reshape(wanted, ops.shape(distances))
        loss = 1 - generalized_union(wanted, sides_of(distances))
        # The feet of the hills say nothing about a box.
        weight = ops.where(height > 0.05, weight, 0.0)
        return ops.sum(weight * loss, axis=(1, 2))


def middles_of_cells(rows, columns):
    """Return where the middles of a grid's cells lie, as shares of the picture: (columns,) and (rows,)."""
    x = (ops.arange(columns, dtype="float32") + 0.5) / columns
    y = (ops.arange(rows, dtype="float32") + 0.5) / rows
    return x, y


def sides_of(distances):
    """Return left, top, right, bottom of the boxes that distances, (batch, rows, columns, 4), mean."""
    x, y = middles_of_cells(distances.shape[1], distances.shape[2])
    x, y = ops.reshape(x, (1, 1, -1)), ops.reshape(y, (1, -1, 1))
    left, top, right, bottom = ops.unstack(distances, axis=-1)
    return ops.stack([x - left, y - top, x + right, y + bottom], axis=-1)


def generalized_union(wanted, found):
    """Return the generalized intersection over union of boxes, (…, 4): from -1, far apart, to 1, equal.

    A wanted box counts as at least a ten-thousandth of the picture wide and high: the slope between two boxes
    grows as they get smaller, and has no bound where neither has an area.
    """
    left, top, right, bottom = ops.unstack(wanted, axis=-1)
    more_x = ops.maximum(1e-4 - (right - left), 0.0) / 2
    more_y = ops.maximum(1e-4 - (bottom - top), 0.0) / 2
    left, top, right, bottom = left - more_x, top - more_y, right + more_x, bottom + more_y
    left2, top2, right2, bottom2 = ops.unstack(found, axis=-1)
    wide = ops.maximum(ops.minimum(right, right2) - ops.maximum(left, left2), 0.0)
    high = ops.maximum(ops.minimum(bottom, bottom2) - ops.maximum(top, top2), 0.0)
    both = wide * high
    union = (right - left) * (bottom - top) + (right2 - left2) * (bottom2 - top2) - both
    around = (ops.maximum(right, right2) - ops.minimum(left, left2)) * (
        ops.maximum(bottom, bottom2) - ops.minimum(top, top2)
    )
    return both / union - (around - union) / around
