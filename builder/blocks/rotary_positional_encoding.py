"""The rotary positional encoding, a layer that Keras lacks; generated scripts carry it."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras
import numpy as np


@keras.saving.register_keras_serializable(package="kerablocks")
class RotaryPositionalEncoding(keras.layers.Layer):
    """Turns each pair of features by an angle that grows with the position.

    The product of two turned vectors then tells how far apart they are. Input and output have
    shape (batch, steps, ..., features), with a fixed number of steps and an even number of
    features; feature i is paired with feature i + features / 2.

    Reference: Su et al., RoFormer: Enhanced Transformer with Rotary Position Embedding (2021).
    """

    def __init__(self, max_wavelength=10_000, **kwargs):
        super().__init__(**kwargs)
        self.max_wavelength = max_wavelength
        self.supports_masking = True

    def build(self, input_shape):
        """Refuse an odd number of features."""
        if input_shape[-1] % 2:
            raise ValueError(f"The features must be even in number to be turned in pairs: {input_shape[-1]}.")

    def call(self, inputs):
        """Return the features turned by their positions' angles."""
        steps, features = inputs.shape[1], inputs.shape[-1]
        speeds = self.max_wavelength ** (-np.arange(0, features, 2) / features)
        angles = np.arange(steps)[:, None] * np.concatenate([speeds, speeds])
        # Axes between the steps and the features, such as attention heads, turn alike.
        angles = angles.reshape((1, steps, *[1] * (len(inputs.shape) - 3), features))
        cosines = keras.ops.convert_to_tensor(np.cos(angles), dtype=inputs.dtype)
        sines = keras.ops.convert_to_tensor(np.sin(angles), dtype=inputs.dtype)
        first, second = keras.ops.split(inputs, 2, axis=-1)
        return inputs * cosines + keras.ops.concatenate([-second, first], axis=-1) * sines

    def compute_output_shape(self, input_shape):
        """Return the input's shape."""
        return input_shape

    def get_config(self):
        """Return what makes the layer again."""
        return {**super().get_config(), "max_wavelength": self.max_wavelength}
