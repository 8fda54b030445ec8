"""Scores of answers for every place of a sample, such as every word or pixel, some of which do not count."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras


@keras.saving.register_keras_serializable(package="kerablocks")
class PlaceAccuracy(keras.metrics.SparseCategoricalAccuracy):
    """The share of right classes among the places whose target, shape ``(batch, …)``, is not negative."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in a batch of classes and of scores, shape ``(batch, …, classes)``."""
        y_true = keras.ops.cast(y_true, "int32")
        counted = keras.ops.cast(y_true >= 0, "float32")
        return super().update_state(keras.ops.maximum(y_true, 0), y_pred, counted)
