"""The stages of a U-Net: down with a skip connection, and up again to its size."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import OutputPort, Port, Setting, declare
from builder.blocks.stacked_convolutions import stacked_convolutions
from builder.params import Choice, Integer


def unet_down(
    inputs,
    filters,
    depth=2,
    kernel_size=3,
    normalization="none",
    activation="relu",
    dropout=0.0,
    name="unet_down",
):
    """Convolve an image or a sequence; return it halved, and at full size for the way up.

    An odd size is rounded up.

    Reference: Ronneberger et al., U-Net (2015), figure 1, left.
    """
    pooling = layers.MaxPooling2D if len(inputs.shape) == 4 else layers.MaxPooling1D
    skip = stacked_convolutions(inputs, filters, depth, kernel_size, normalization, activation, name)
    if dropout:
        skip = layers.Dropout(dropout, name=f"{name}_dropout")(skip)
    return pooling(2, padding="same", name=f"{name}_pool")(skip), skip


def unet_up(
    inputs,
    skip,
    filters,
    depth=2,
    kernel_size=3,
    upsampling="transposed",
    normalization="none",
    activation="relu",
    dropout=0.0,
    name="unet_up",
):
    """Double an image or a sequence, bring it to the size of ``skip``, join both and convolve.

    Reference: Ronneberger et al., U-Net (2015), figure 1, right.
    """
    is_image = len(inputs.shape) == 4
    if upsampling == "transposed":
        transposed = layers.Conv2DTranspose if is_image else layers.Conv1DTranspose
        x = transposed(filters, 2, strides=2, padding="same", name=f"{name}_upsample")(inputs)
    else:
        x = (layers.UpSampling2D if is_image else layers.UpSampling1D)(2, name=f"{name}_upsample")(inputs)
    missing = [size - there for size, there in zip(skip.shape[1:-1], x.shape[1:-1], strict=True)]
    if min(missing) < 0:
        cropping = [(0, max(-count, 0)) for count in missing]
        crop = (
            layers.Cropping2D(cropping, name=f"{name}_crop")
            if is_image
            else layers.Cropping1D(cropping[0], name=f"{name}_crop")
        )
        x = crop(x)
    if max(missing) > 0:
        padding = [(0, max(count, 0)) for count in missing]
        pad = (
            layers.ZeroPadding2D(padding, name=f"{name}_pad")
            if is_image
            else layers.ZeroPadding1D(padding[0], name=f"{name}_pad")
        )
        x = pad(x)
    x = layers.Concatenate(name=f"{name}_concatenate")([skip, x])
    if dropout:
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return stacked_convolutions(x, filters, depth, kernel_size, normalization, activation, name)


_SHARED = {
    "filters": common.FILTERS,
    "depth": Setting(Integer(1, 16), "Number of convolutions.", why="2 as in the article."),
    "kernel_size": Setting(
        Integer(1, 64), "Width of the sliding window, in pixels or steps. The border is padded."
    ),
    "normalization": Setting(
        Choice(("none", "batch")),
        "'batch' normalizes after each convolution, which lets deep models train.",
        why="The article has none.",
    ),
    "activation": Setting(Choice(common.ACTIVATIONS), "The function after each convolution."),
    "dropout": Setting(common.SHARE, "Share of the values set to zero while training."),
}
_REFERENCE = (
    "Ronneberger, Fischer & Brox, U-Net: Convolutional Networks for Biomedical Image Segmentation (2015)"
)

BLOCKS = (
    declare(
        "unet_down.v1",
        unet_down,
        sources=(stacked_convolutions, unet_down),
        label="U-Net down stage",
        category="Composite",
        summary="Convolutions, then a pooling that halves the size. Connect 'skip' to the up stage of the "
        "same size. For images and sequences.",
        formula="skip = f(conv(f(conv(x))));  output = pool(skip)",
        reference=_REFERENCE,
        inputs=(Port("input", ("image", "sequence")),),
        outputs=(OutputPort("output"), OutputPort("skip")),
        settings=_SHARED,
    ),
    declare(
        "unet_up.v1",
        unet_up,
        sources=(stacked_convolutions, unet_up),
        label="U-Net up stage",
        category="Composite",
        summary="Doubles what comes from below, joins it with the skip connection of the same size, and "
        "convolves both. For images and sequences; odd sizes are cropped or padded to fit.",
        formula="y = f(conv(f(conv([skip, up(x)]))))",
        reference=_REFERENCE,
        inputs=(Port("lower", ("image", "sequence")), Port("skip", ("image", "sequence"))),
        settings={
            **{name: _SHARED[name] for name in ("filters", "depth", "kernel_size")},
            "upsampling": Setting(
                Choice(("transposed", "nearest")),
                "How the size is doubled: 'transposed' learns it, 'nearest' repeats values.",
                why="The article's up-convolution is learned.",
            ),
            **{name: _SHARED[name] for name in ("normalization", "activation", "dropout")},
        },
    ),
)
