"""Squeeze and excitation: the whole decides which channels matter."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Choice, Integer


def squeeze_and_excitation(
    inputs, ratio=16, activation="relu", gate="sigmoid", name="squeeze_and_excitation"
):
    """Scale each channel of an image or a sequence by a factor that all channels' means decide.

    Reference: Hu et al., Squeeze-and-Excitation Networks (2018), section 3.
    """
    is_image = len(inputs.shape) == 4
    channels = inputs.shape[-1]
    pooling = layers.GlobalAveragePooling2D if is_image else layers.GlobalAveragePooling1D
    x = pooling(keepdims=True, name=f"{name}_squeeze")(inputs)
    x = layers.Dense(max(1, channels // ratio), activation, name=f"{name}_reduce")(x)
    x = layers.Dense(channels, gate, name=f"{name}_excite")(x)
    return layers.Multiply(name=f"{name}_scale")([inputs, x])


BLOCKS = (
    declare(
        "squeeze_and_excitation.v1",
        squeeze_and_excitation,
        sources=(squeeze_and_excitation,),
        label="Squeeze and excitation",
        category="Composite",
        summary="Looks at the mean of every channel and turns channels up or down for this sample. Put it "
        "after a convolution or before a residual sum. For images and sequences.",
        formula="y[c] = x[c]·σ(W₂·f(W₁·mean(x)))[c]",
        reference="Hu, Shen & Sun, Squeeze-and-Excitation Networks (2018)",
        inputs=(Port("input", ("image", "sequence")),),
        settings={
            "ratio": Setting(
                Integer(1, 1024),
                "How many times fewer values there are in the middle than channels.",
                why="16 is the article's balance between accuracy and weights.",
            ),
            "activation": Setting(Choice(common.ACTIVATIONS), "The function f in the middle.", advanced=True),
            "gate": Setting(
                Choice(("sigmoid", "hard_sigmoid")),
                "The function that makes the factors, between 0 and 1; 'hard_sigmoid' is cheaper.",
                advanced=True,
            ),
        },
    ),
)
