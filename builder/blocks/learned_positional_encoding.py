"""The learned positional encoding, a layer that Keras lacks; generated scripts carry it."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras


@keras.saving.register_keras_serializable(package="kerablocks")
class LearnedPositionalEncoding(keras.layers.Layer):
    """Adds a learned vector to each position of a sequence.

    Input and output have shape (batch, steps, features), with a fixed number of steps.

    Reference: Gehring et al., Convolutional Sequence to Sequence Learning (2017).
    """

    def __init__(self, initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.initializer = initializer
        self.supports_masking = True

    def build(self, input_shape):
        """Make one vector a position."""
        self.positions = self.add_weight(
            shape=tuple(input_shape[1:]), initializer=self.initializer, name="positions"
        )

    def call(self, inputs):
        """Return the sequence with the position vectors added."""
        return inputs + self.positions

    def compute_output_shape(self, input_shape):
        """Return the input's shape."""
        return input_shape

    def get_config(self):
        """Return what makes the layer again."""
        return {**super().get_config(), "initializer": self.initializer}
