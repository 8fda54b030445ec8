"""Multi-head attention with rotary positions, a layer that Keras lacks; generated scripts carry it."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras

from builder.blocks.rotary_positional_encoding import RotaryPositionalEncoding


@keras.saving.register_keras_serializable(package="kerablocks")
class RotaryAttention(keras.layers.MultiHeadAttention):
    """Multi-head attention whose scores depend on how far apart two positions are.

    Each head's queries and keys are turned by their positions before they are compared.
    ``key_dim`` must be even, and the number of steps fixed.

    Reference: Su et al., RoFormer: Enhanced Transformer with Rotary Position Embedding (2021).
    """

    def __init__(self, num_heads, key_dim, dropout=0.0, max_wavelength=10_000, **kwargs):
        super().__init__(num_heads, key_dim, dropout=dropout, **kwargs)
        self.max_wavelength = max_wavelength
        self.rotation = RotaryPositionalEncoding(max_wavelength, dtype=self.dtype_policy, name="rotation")

    def call(
        self,
        query,
        value,
        key=None,
        query_mask=None,
        value_mask=None,
        key_mask=None,
        attention_mask=None,
        return_attention_scores=False,
        training=None,
        use_causal_mask=False,
    ):
        """Return what each position of the query gathers from the positions of the value."""
        # Keras's attention takes the masks off the tensors that it reads, so it is given copies.
        return super().call(
            keras.ops.copy(query),
            keras.ops.copy(value),
            key=None if key is None else keras.ops.copy(key),
            query_mask=query_mask,
            value_mask=value_mask,
            key_mask=key_mask,
            attention_mask=attention_mask,
            return_attention_scores=return_attention_scores,
            training=training,
            use_causal_mask=use_causal_mask,
        )

    def _compute_attention(self, query, key, value, *args, **kwargs):
        # Keras names this method as the one to override for attention of one's own.
        return super()._compute_attention(self.rotation(query), self.rotation(key), value, *args, **kwargs)

    def get_config(self):
        """Return what makes the layer again."""
        return {**super().get_config(), "max_wavelength": self.max_wavelength}
