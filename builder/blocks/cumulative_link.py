"""Probabilities of ordered classes from one number, a layer that Keras lacks; generated scripts carry it."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras


@keras.saving.register_keras_serializable(package="kerablocks")
class CumulativeLink(keras.layers.Layer):
    """Cuts a scale into ordered classes: the larger the number, the higher the likely class.

    Input has shape (batch, 1), output (batch, classes): the probability of every class. The thresholds
    between the classes are learned and cannot change places, because each is the one before it plus a gap
    above 0.

    Reference: McCullagh, Regression Models for Ordinal Data (1980), the proportional odds model.
    """

    def __init__(self, classes, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes

    def build(self, input_shape):
        """Make the thresholds; at the beginning the outer classes are rare and the others about as likely."""
        self.first = self.add_weight(name="first", shape=(1,), initializer=keras.initializers.Constant(-3.0))
        # softplus of it is a gap: all of them together span as much as lies between the outer classes.
        gap = keras.ops.convert_to_numpy(keras.ops.log(keras.ops.expm1(6.0 / max(self.classes - 2, 1))))
        self.gaps = self.add_weight(
            name="gaps",
            shape=(max(self.classes - 2, 0),),
            initializer=keras.initializers.Constant(float(gap)),
        )

    def call(self, inputs):
        """Return the probability of every class."""
        gaps = keras.ops.concatenate([self.first, keras.ops.softplus(self.gaps)])
        above = keras.ops.sigmoid(inputs - keras.ops.cumsum(gaps))
        edge = keras.ops.zeros_like(above[:, :1])
        return keras.ops.concatenate([edge + 1, above], axis=-1) - keras.ops.concatenate(
            [above, edge], axis=-1
        )

    def compute_output_shape(self, input_shape):
        """Return the shape with one value a class."""
        return input_shape[0], self.classes

    def get_config(self):
        """Return what makes the layer again."""
        return {**super().get_config(), "classes": self.classes}
