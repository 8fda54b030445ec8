"""The two sides of an image GAN: one makes images, the other tells them from real ones."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Choice, Integer


def image_generator(
    inputs,
    height,
    width,
    channels,
    filters=64,
    kernel_size=5,
    activation="relu",
    output_activation="tanh",
    name="image_generator",
):
    """Turn a vector of noise into an image, doubling its size from 7 or fewer pixels on.

    ``filters`` is the width before the last convolution; it doubles with each halving of the size.

    Reference: Radford, Metz & Chintala, DCGAN (2015), figure 1.
    """
    sizes = [(height, width)]
    while max(sizes[0]) > 7:
        sizes.insert(0, ((sizes[0][0] + 1) // 2, (sizes[0][1] + 1) // 2))
    first = (*sizes[0], filters * 2 ** max(len(sizes) - 2, 0))
    x = layers.Dense(first[0] * first[1] * first[2], use_bias=False, name=f"{name}_dense")(inputs)
    x = layers.Reshape(first, name=f"{name}_reshape")(x)
    for number, (before, after) in enumerate(zip(sizes, sizes[1:], strict=False), start=1):
        x = layers.BatchNormalization(name=f"{name}_norm_{number}")(x)
        x = layers.Activation(activation, name=f"{name}_activation_{number}")(x)
        is_last = number == len(sizes) - 1
        x = layers.Conv2DTranspose(
            channels if is_last else filters * 2 ** (len(sizes) - 2 - number),
            kernel_size,
            strides=2,
            padding="same",
            use_bias=is_last,
            name=f"{name}_conv_{number}",
        )(x)
        extra = [2 * small - large for small, large in zip(before, after, strict=True)]
        if any(extra):
            x = layers.Cropping2D([(0, extra[0]), (0, extra[1])], name=f"{name}_crop_{number}")(x)
    if len(sizes) == 1:
        x = layers.Conv2D(channels, kernel_size, padding="same", name=f"{name}_conv")(x)
    return layers.Activation(output_activation, name=f"{name}_output")(x)


def image_discriminator(
    inputs,
    filters=64,
    depth=4,
    kernel_size=5,
    dropout=0.0,
    output_activation="sigmoid",
    normalization="batch",
    name="image_discriminator",
):
    """Return how real an image looks: one value, a probability with "sigmoid".

    Reference: Radford, Metz & Chintala, DCGAN (2015), section 3.
    """
    x = inputs
    for number in range(1, depth + 1):
        x = layers.Conv2D(
            filters * 2 ** (number - 1),
            kernel_size,
            strides=2,
            padding="same",
            use_bias=number == 1 or normalization == "none",
            name=f"{name}_conv_{number}",
        )(x)
        # Normalizing what reads the images themselves made the samples oscillate.
        if number > 1 and normalization == "batch":
            x = layers.BatchNormalization(name=f"{name}_norm_{number}")(x)
        if number > 1 and normalization == "layer":
            x = layers.LayerNormalization(name=f"{name}_norm_{number}")(x)
        x = layers.LeakyReLU(0.2, name=f"{name}_activation_{number}")(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"{name}_dropout_{number}")(x)
    x = layers.Flatten(name=f"{name}_flatten")(x)
    return layers.Dense(1, output_activation, name=f"{name}_output")(x)


_REFERENCE = (
    "Radford, Metz & Chintala, Unsupervised Representation Learning with Deep Convolutional Generative "
    "Adversarial Networks (2015)"
)
_KERNEL_SIZE = Setting(
    Integer(1, 64), "Width of the sliding window, in pixels.", why="5 is the article's value.", advanced=True
)
_FILTERS = Setting(
    Integer(1, 1024),
    "Channels next to the image; they double each time that the size is halved.",
    why="Half of the article's 128, for images of 28 or 32 pixels.",
)


def _size(noun: str) -> Setting:
    return Setting(
        Integer(1, 1024),
        f"The {noun} of the images, in pixels.",
        default=28,
        why="As the bundled digits have.",
        auto=True,
    )


BLOCKS = (
    declare(
        "image_generator.v1",
        image_generator,
        sources=(image_generator,),
        label="Image generator",
        category="Composite",
        summary="Turns a vector of noise into an image: the side of a GAN that makes images.",
        formula="x = tanh(upconv(… f(norm(upconv(f(norm(reshape(W·z)))))))",
        reference=_REFERENCE,
        inputs=(Port("input", ("vector",)),),
        automatic={"height": "sample_height", "width": "sample_width", "channels": "sample_channels"},
        settings={
            "height": _size("height"),
            "width": _size("width"),
            "channels": Setting(
                Integer(1, 64),
                "Channels of the images: 1 for grays, 3 for colors.",
                default=1,
                why="As the bundled digits have.",
                auto=True,
            ),
            "filters": _FILTERS,
            "kernel_size": _KERNEL_SIZE,
            "activation": Setting(
                Choice(common.ACTIVATIONS), "The function f between the convolutions.", advanced=True
            ),
            "output_activation": Setting(
                Choice(("tanh", "sigmoid", "linear")),
                "'tanh' suits pixels from -1 to 1, 'sigmoid' pixels from 0 to 1.",
                why="The article scales its images to -1..1.",
            ),
        },
    ),
    declare(
        "image_discriminator.v1",
        image_discriminator,
        sources=(image_discriminator,),
        label="Image discriminator",
        category="Composite",
        summary="Tells real images from made ones: the side of a GAN that judges images.",
        formula="p = σ(W·g(norm(conv(… g(conv(x)))))), g a leaky relu of slope 0.2",
        reference=_REFERENCE,
        inputs=(Port("input", ("image",)),),
        settings={
            "filters": _FILTERS,
            "depth": Setting(
                Integer(1, 8),
                "Number of convolutions, each of which halves the size.",
                why="The article's 4.",
            ),
            "kernel_size": _KERNEL_SIZE,
            "dropout": Setting(
                common.SHARE, "Share of the values set to zero while training, against memorizing the images."
            ),
            "output_activation": Setting(
                Choice(("sigmoid", "linear")),
                "'sigmoid' gives the probability that the image is real, 'linear' a score (logit).",
                advanced=True,
            ),
            "normalization": Setting(
                Choice(("batch", "layer", "none")),
                "What keeps the values between the convolutions in bounds. A gradient penalty needs 'layer' "
                "or 'none', since batch normalization mixes the samples of a batch.",
                why="The article's batch normalization.",
                advanced=True,
            ),
        },
    ),
)
