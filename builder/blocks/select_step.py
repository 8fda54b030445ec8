"""One step of a sequence as a vector, a layer that Keras lacks; generated scripts carry it."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import keras


@keras.saving.register_keras_serializable(package="kerablocks")
class SelectStep(keras.layers.Layer):
    """Takes one step out of a sequence, such as the class token at its start.

    Input has shape (batch, steps, features), output (batch, features). A step that is counted from behind
    is counted without the padding that a mask of shape (batch, steps) marks: of shorter sequences it gives
    the first step, and zeros where all is padding.

    Reference: Devlin et al., BERT (2019), section 3.
    """

    def __init__(self, step=0, **kwargs):
        super().__init__(**kwargs)
        self.step = step
        self.supports_masking = True

    def call(self, inputs, mask=None):
        """Return the features of the step; -1 is the last one."""
        if mask is None or self.step >= 0:
            return inputs[:, self.step]
        kept = keras.ops.cast(mask, "int32")
        from_behind = keras.ops.flip(keras.ops.cumsum(keras.ops.flip(kept, axis=1), axis=1), axis=1)
        wanted = keras.ops.minimum(keras.ops.max(from_behind, axis=1, keepdims=True), -self.step)
        is_step = keras.ops.cast(keras.ops.equal(from_behind, wanted), "int32") * kept
        return keras.ops.sum(inputs * keras.ops.cast(is_step, inputs.dtype)[:, :, None], axis=1)

    def compute_mask(self, inputs, mask=None):
        """Return None: one step has no padding."""
        return None

    def compute_output_shape(self, input_shape):
        """Return the shape without the steps."""
        return input_shape[0], input_shape[2]

    def get_config(self):
        """Return what makes the layer again."""
        return {**super().get_config(), "step": self.step}
