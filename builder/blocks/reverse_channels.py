"""Channels in reverse order, a layer that Keras lacks; generated scripts carry it."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras


@keras.saving.register_keras_serializable(package="kerablocks")
class ReverseChannels(keras.layers.Layer):
    """Turns the order of an image's channels round: red, green, blue to blue, green, red.

    Input and output have shape (batch, height, width, channels).
    """

    def call(self, inputs):
        """Return the image with its channels in reverse order."""
        return keras.ops.flip(inputs, axis=-1)

    def compute_output_shape(self, input_shape):
        """Return the input's shape."""
        return input_shape
