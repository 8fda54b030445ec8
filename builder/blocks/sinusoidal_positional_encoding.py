"""The sinusoidal positional encoding, a layer that Keras lacks; generated scripts carry it."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras
import numpy as np


@keras.saving.register_keras_serializable(package="kerablocks")
class SinusoidalPositionalEncoding(keras.layers.Layer):
    """Adds sine and cosine waves to a sequence so that its positions can be told apart.

    Input and output have shape (batch, steps, features), with a fixed number of steps.

    Reference: Vaswani et al., Attention Is All You Need (2017), section 3.5.
    """

    def __init__(self, max_wavelength=10_000, **kwargs):
        super().__init__(**kwargs)
        self.max_wavelength = max_wavelength
        self.supports_masking = True

    def call(self, inputs):
        """Return the sequence with the waves added."""
        _, steps, features = inputs.shape
        pairs = np.arange(features) // 2
        angles = np.arange(steps)[:, None] / self.max_wavelength ** (2 * pairs / features)
        waves = np.where(np.arange(features) % 2 == 0, np.sin(angles), np.cos(angles))
        return inputs + keras.ops.convert_to_tensor(waves, dtype=inputs.dtype)

    def compute_output_shape(self, input_shape):
        """Return the input's shape."""
        return input_shape

    def get_config(self):
        """Return what makes the layer again."""
        return {**super().get_config(), "max_wavelength": self.max_wavelength}
