"""One step of a sequence as a vector, a layer that Keras lacks; generated scripts carry it."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras


@keras.saving.register_keras_serializable(package="kerablocks")
class SelectStep(keras.layers.Layer):
    """Takes one step out of a sequence, such as the class token at its start.

    Input has shape (batch, steps, features), output (batch, features).

    Reference: Devlin et al., BERT (2019), section 3.
    """

    def __init__(self, step=0, **kwargs):
        super().__init__(**kwargs)
        self.step = step
        self.supports_masking = True

    def call(self, inputs):
        """Return the features of the step; -1 is the last one."""
        return inputs[:, self.step]

    def compute_mask(self, inputs, mask=None):
        """Return None: one step has no padding."""
        return None

    def compute_output_shape(self, input_shape):
        """Return the shape without the steps."""
        return input_shape[0], input_shape[2]

    def get_config(self):
        """Return what makes the layer again."""
        return {**super().get_config(), "step": self.step}
