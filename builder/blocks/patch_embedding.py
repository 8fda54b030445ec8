"""An image cut into patches that a Transformer reads like words."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks.base import Port, Setting, declare
from builder.blocks.learned_positional_encoding import LearnedPositionalEncoding
from builder.blocks.learned_tokens import LearnedTokens
from builder.params import Boolean, Integer


def patch_embedding(
    inputs, features, patch_size=16, class_token=False, positions=True, name="patch_embedding"
):
    """Turn each patch of an image or a sequence into a vector, with learned positions added.

    Patches that reach over the border are filled up with zeros. With ``class_token`` one learned
    step comes before the patches.

    Reference: Dosovitskiy et al., An Image Is Worth 16x16 Words (2021), equation 1.
    """
    convolution = layers.Conv2D if len(inputs.shape) == 4 else layers.Conv1D
    x = convolution(features, patch_size, patch_size, padding="same", name=f"{name}_patches")(inputs)
    if len(inputs.shape) == 4:
        x = layers.Reshape((-1, features), name=f"{name}_sequence")(x)
    if class_token:
        x = LearnedTokens(name=f"{name}_class_token")(x)
    if positions:
        x = LearnedPositionalEncoding("random_normal", name=f"{name}_positions")(x)
    return x


BLOCKS = (
    declare(
        "patch_embedding.v1",
        patch_embedding,
        sources=(LearnedTokens, LearnedPositionalEncoding, patch_embedding),
        label="Patch embedding",
        category="Composite",
        summary="Cuts an image into square patches and turns each into a vector, so that a Transformer can "
        "read the image like a text. Also cuts sequences.",
        formula="y = [class; W·patch₁; W·patch₂; …] + P",
        reference="Dosovitskiy et al., An Image Is Worth 16x16 Words: Transformers for Image Recognition "
        "at Scale (2021)",
        inputs=(Port("input", ("image", "sequence")),),
        settings={
            "features": Setting(
                Integer(1, 8192),
                "Size of each patch's vector.",
                default=64,
                why="64 is enough for a first try on small images; ViT-Base has 768.",
            ),
            "patch_size": Setting(
                Integer(1, 512),
                "Height and width of a patch, in pixels. Smaller patches see more and cost more.",
                default=4,
                why="Small images need small patches: 28 x 28 pixels make 49. ViT takes 16 of 224.",
            ),
            "class_token": Setting(
                Boolean(),
                "Put a learned step first, which gathers the image: read it with Select step at the end.",
                why="A global average over the patches does as well and needs no block of its own.",
            ),
            "positions": Setting(
                Boolean(),
                "Add a learned vector for each patch's place. Without it the order of the patches is lost.",
                advanced=True,
            ),
        },
    ),
)
