"""Keras losses and metrics for one-hot targets, where the targets are class indices."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras


@keras.saving.register_keras_serializable(package="kerablocks")
class OneHotLoss(keras.losses.Loss):
    """Give a loss that wants one-hot targets its targets as class indices, shape ``(batch,)``."""

    def __init__(self, loss, class_count, name=None, reduction="sum_over_batch_size", dtype=None):
        super().__init__(name=name or loss.name, reduction=reduction, dtype=dtype)
        self.loss = loss
        self.class_count = class_count

    def call(self, y_true, y_pred):
        """Return the loss of every sample."""
        indices = keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32")
        return self.loss.call(keras.ops.one_hot(indices, self.class_count), y_pred)

    def get_config(self):
        """Return the arguments that make the same loss again."""
        loss = keras.saving.serialize_keras_object(self.loss)
        return {**super().get_config(), "loss": loss, "class_count": self.class_count}

    @classmethod
    def from_config(cls, config):
        """Return the loss that ``get_config`` described."""
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})


@keras.saving.register_keras_serializable(package="kerablocks")
class OneHotMetric(keras.metrics.Metric):
    """Give a metric that wants one column a class class indices, shape ``(batch,)``, and a model's output.

    With one output unit there is one column: the probability of the second class.
    """

    def __init__(self, metric, units, from_logits=False, name=None, dtype=None):
        super().__init__(dtype=dtype, name=name or metric.name)
        self.metric = metric
        self.units = units
        self.from_logits = from_logits

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in a batch."""
        indices = keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32")
        if self.units == 1:
            targets = keras.ops.cast(keras.ops.reshape(indices, (-1, 1)), "float32")
        else:
            targets = keras.ops.one_hot(indices, self.units)
        if self.from_logits:
            y_pred = keras.ops.sigmoid(y_pred) if self.units == 1 else keras.ops.softmax(y_pred)
        self.metric.update_state(targets, y_pred, sample_weight)

    def result(self):
        """Return the value over everything that was taken in."""
        return self.metric.result()

    def reset_state(self):
        """Forget everything."""
        self.metric.reset_state()

    def get_config(self):
        """Return the arguments that make the same metric again."""
        metric = keras.saving.serialize_keras_object(self.metric)
        own = {"metric": metric, "units": self.units, "from_logits": self.from_logits}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config):
        """Return the metric that ``get_config`` described."""
        return cls(**{**config, "metric": keras.saving.deserialize_keras_object(config["metric"])})


@keras.saving.register_keras_serializable(package="kerablocks")
class MacroPrecision(keras.metrics.FBetaScore):
    """The share of right answers among the answers of a class, averaged over the classes."""

    def result(self):
        """Return the mean over the classes."""
        answers = self.true_positives + self.false_positives
        return keras.ops.mean(keras.ops.divide_no_nan(self.true_positives, answers))


@keras.saving.register_keras_serializable(package="kerablocks")
class MacroRecall(keras.metrics.FBetaScore):
    """The share of a class that is found, averaged over the classes: the balanced accuracy."""

    def result(self):
        """Return the mean over the classes."""
        samples = self.true_positives + self.false_negatives
        return keras.ops.mean(keras.ops.divide_no_nan(self.true_positives, samples))
