"""An average with learned weights, a layer that Keras lacks; generated scripts carry it."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras


@keras.saving.register_keras_serializable(package="kerablocks")
class WeightedAverage(keras.layers.Layer):
    """Averages several tensors of one shape; how much each counts is learned and adds up to 1.

    Input is a list of tensors, output has the shape of one of them. It starts as the plain average.

    Reference: Jordan & Jacobs, Hierarchical Mixtures of Experts (1994), with gates that do not
    depend on the input.
    """

    def build(self, input_shape):
        """Make one score a tensor."""
        self.scores = self.add_weight(shape=(len(input_shape),), initializer="zeros", name="scores")

    def call(self, inputs):
        """Return the weighted sum."""
        weights = keras.ops.softmax(self.scores)
        return sum(weights[place] * item for place, item in enumerate(inputs))

    def compute_output_shape(self, input_shape):
        """Return the shape of one of the tensors."""
        return input_shape[0]
