"""Learned steps put before a sequence, a layer that Keras lacks; generated scripts carry it."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras


@keras.saving.register_keras_serializable(package="kerablocks")
class LearnedTokens(keras.layers.Layer):
    """Puts learned vectors before a sequence, such as a class token that gathers what the rest says.

    Input has shape (batch, steps, features), output (batch, count + steps, features).

    Reference: Devlin et al., BERT (2019), section 3; Dosovitskiy et al., An Image Is Worth 16x16
    Words (2021), section 3.1.
    """

    def __init__(self, count=1, initializer="random_normal", **kwargs):
        super().__init__(**kwargs)
        self.count = count
        self.initializer = initializer
        self.supports_masking = True

    def build(self, input_shape):
        """Make one vector a token."""
        self.tokens = self.add_weight(
            shape=(self.count, input_shape[-1]), initializer=self.initializer, name="tokens"
        )

    def call(self, inputs):
        """Return the sequence with the tokens before it."""
        shape = (keras.ops.shape(inputs)[0], *self.tokens.shape)
        tokens = keras.ops.cast(self.tokens, inputs.dtype)
        return keras.ops.concatenate([keras.ops.broadcast_to(tokens, shape), inputs], axis=1)

    def compute_mask(self, inputs, mask=None):
        """Return the mask with the tokens counted as present."""
        if mask is None:
            return None
        present = keras.ops.repeat(keras.ops.ones_like(mask[:, :1]), self.count, axis=1)
        return keras.ops.concatenate([present, mask], axis=1)

    def compute_output_shape(self, input_shape):
        """Return the shape with the tokens' steps added."""
        batch, steps, features = input_shape
        return batch, None if steps is None else steps + self.count, features

    def get_config(self):
        """Return what makes the layer again."""
        return {**super().get_config(), "count": self.count, "initializer": self.initializer}
