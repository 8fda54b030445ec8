"""Keras losses and metrics for targets that may be shares of classes, as mixed samples have them."""

# mypy: allow-untyped-defs

import keras


def _is_shared(y_true, class_count):
    return len(y_true.shape) == 2 and y_true.shape[-1] == class_count


@keras.saving.register_keras_serializable(package="kerablocks")
class SoftTargetLoss(keras.losses.Loss):
    """Give a cross-entropy its targets as shares of the classes.

    Targets are shares, shape ``(batch, classes)``, or class indices, shape ``(batch,)``, of samples that were
    not mixed. A model with one output unit is asked for the share of the second class.
    """

    def __init__(self, loss, class_count, name=None, reduction="sum_over_batch_size", dtype=None):
        super().__init__(name=name or loss.name, reduction=reduction, dtype=dtype)
        self.loss = loss
        self.class_count = class_count

    def call(self, y_true, y_pred):
        """Return the loss of every sample."""
        shares = y_true
        if not _is_shared(y_true, self.class_count):
            indices = keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32")
            shares = keras.ops.one_hot(indices, self.class_count)
        return self.loss.call(shares[:, 1:] if y_pred.shape[-1] == 1 else shares, y_pred)

    def get_config(self):
        """Return the arguments that make the same loss again."""
        loss = keras.saving.serialize_keras_object(self.loss)
        return {**super().get_config(), "loss": loss, "class_count": self.class_count}

    @classmethod
    def from_config(cls, config):
        """Return the loss that ``get_config`` described."""
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})


@keras.saving.register_keras_serializable(package="kerablocks")
class LikeliestClassMetric(keras.metrics.Metric):
    """Give a metric that wants class indices the class with the largest share of every mixed sample."""

    def __init__(self, metric, class_count, name=None, dtype=None):
        super().__init__(name=name or metric.name, dtype=dtype)
        self.metric = metric
        self.class_count = class_count

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in a batch."""
        if _is_shared(y_true, self.class_count):
            y_true = keras.ops.argmax(y_true, axis=-1)
        if y_pred.shape[-1] == 1:
            y_true = keras.ops.reshape(y_true, (-1, 1))
        self.metric.update_state(y_true, y_pred, sample_weight)

    def result(self):
        """Return the value over everything that was taken in."""
        return self.metric.result()

    def reset_state(self):
        """Forget everything."""
        self.metric.reset_state()

    def get_config(self):
        """Return the arguments that make the same metric again."""
        metric = keras.saving.serialize_keras_object(self.metric)
        return {**super().get_config(), "metric": metric, "class_count": self.class_count}

    @classmethod
    def from_config(cls, config):
        """Return the metric that ``get_config`` described."""
        return cls(**{**config, "metric": keras.saving.deserialize_keras_object(config["metric"])})


@keras.saving.register_keras_serializable(package="kerablocks")
class LikelyLabelsMetric(LikeliestClassMetric):
    """Give a metric of labels those that make up at least half of every mixed sample."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in a batch."""
        self.metric.update_state(keras.ops.cast(y_true >= 0.5, y_true.dtype), y_pred, sample_weight)
