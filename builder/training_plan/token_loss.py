"""Loss and metrics over tokens, of which padding (the target 0) counts nothing."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras
from keras import ops


def token_crossentropy(y_true, y_pred, from_logits):
    """Return the cross-entropy of every place, in nats, (batch, steps)."""
    targets = ops.cast(y_true, "int32")
    return ops.sparse_categorical_crossentropy(targets, y_pred, from_logits=from_logits)


@keras.saving.register_keras_serializable(package="kerablocks")
class TokenCrossentropy(keras.losses.Loss):
    """The mean cross-entropy over the places whose target is not 0, whatever a sample's length.

    Targets are token ids, (batch, steps); predictions logits or probabilities, (batch, steps, vocabulary).
    With ``label_smoothing`` that share of each target is spread evenly over the vocabulary.

    Reference: Vaswani et al., Attention Is All You Need (2017), section 5.4, for the smoothing.
    """

    def __init__(
        self,
        from_logits=True,
        label_smoothing=0.0,
        name="token_crossentropy",
        reduction="sum_over_batch_size",
        dtype=None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the mean over the places that count."""
        # Keras's own mean would divide by all places, padding too, where the model carries no mask.
        counted = ops.cast(ops.not_equal(y_true, 0), "float32")
        if sample_weight is not None:
            counted = counted * ops.cast(sample_weight, "float32")
        values = self.call(y_true, ops.cast(y_pred, "float32"))
        return ops.sum(values * counted) / ops.maximum(ops.sum(counted), 1e-7)

    def call(self, y_true, y_pred):
        """Return the loss of every place, (batch, steps)."""
        values = token_crossentropy(y_true, y_pred, self.from_logits)
        if not self.label_smoothing:
            return values
        if self.from_logits:
            even = ops.logsumexp(y_pred, axis=-1) - ops.mean(y_pred, axis=-1)
        else:
            even = -ops.mean(ops.log(ops.maximum(y_pred, 1e-7)), axis=-1)
        return (1 - self.label_smoothing) * values + self.label_smoothing * even

    def get_config(self):
        """Return the arguments that make the same loss again."""
        own = {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="kerablocks")
class TokenAccuracy(keras.metrics.Mean):
    """The share of places whose likeliest token is the target; places whose target is 0 count nothing."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in a batch."""
        targets = ops.cast(y_true, "int32")
        right = ops.equal(ops.cast(ops.argmax(y_pred, axis=-1), "int32"), targets)
        super().update_state(right, sample_weight=ops.not_equal(targets, 0))


@keras.saving.register_keras_serializable(package="kerablocks")
class Perplexity(keras.metrics.Mean):
    """How many tokens a model hesitates between: e to the mean cross-entropy of the places that count.

    Reference: Jurafsky & Martin, Speech and Language Processing (3rd edition), section 3.3.
    """

    def __init__(self, from_logits=True, name="perplexity", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.from_logits = from_logits

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in a batch."""
        values = token_crossentropy(y_true, ops.cast(y_pred, "float32"), self.from_logits)
        super().update_state(values, sample_weight=ops.not_equal(y_true, 0))

    def result(self):
        """Return the perplexity over everything that was taken in."""
        return ops.exp(super().result())

    def get_config(self):
        """Return the arguments that make the same metric again."""
        return {**super().get_config(), "from_logits": self.from_logits}
