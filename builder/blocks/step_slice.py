"""A part of a sequence with its mask, a layer that Keras lacks; generated scripts carry it."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras


@keras.saving.register_keras_serializable(package="kerablocks")
class StepSlice(keras.layers.Layer):
    """Keeps the steps of a sequence from ``start`` to before ``stop``, and their part of the mask.

    Input has shape (batch, steps, features), output the same with fewer steps.
    """

    def __init__(self, start=0, stop=None, **kwargs):
        super().__init__(**kwargs)
        self.start = start
        self.stop = stop
        self.supports_masking = True

    def call(self, inputs):
        """Return the steps between both bounds."""
        return inputs[:, self.start : self.stop]

    def compute_mask(self, inputs, mask=None):
        """Return the mask of the steps that are kept."""
        return None if mask is None else mask[:, self.start : self.stop]

    def compute_output_shape(self, input_shape):
        """Return the shape with the steps that are kept."""
        batch, steps, features = input_shape
        return batch, None if steps is None else len(range(steps)[self.start : self.stop]), features

    def get_config(self):
        """Return what makes the layer again."""
        return {**super().get_config(), "start": self.start, "stop": self.stop}
