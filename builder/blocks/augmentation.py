"""Image augmentation inside the model: random changes while training, none when predicting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keras import layers

from builder.blocks.arguments import SHARE_PAIR, SHARED
from builder.blocks.base import Block, Port, Setting
from builder.blocks.derive import primitive
from builder.params import Boolean, Choice, Either, Float, Integer, IntegerList, NumberList, Optional

_REFERENCE = "Shorten & Khoshgoftaar, A Survey on Image Data Augmentation for Deep Learning (2019)"
_RANGE = "One number, or the smallest and the largest"
_SIGNED = Either((Float(0, 10), NumberList(2, 2, -10, 10)))
_GENTLE = "A gentle change that keeps what an image shows."
_ALWAYS_AND_MORE = Setting(SHARE_PAIR, "Share of the images that are changed, or a range for it.")


def _strength(words: str, default: Any = 0.2, kind: Any = _SIGNED) -> Setting:
    return Setting(kind, f"{words}. {_RANGE}.", default=default, why=_GENTLE)


def _augmentation(
    layer: Any, summary: str, formula: str = "", reference: str = _REFERENCE, **settings: Setting
) -> Block:
    return primitive(
        layer,
        category="Augmentation",
        summary=summary,
        formula=formula or "y = x when predicting; a random change of x while training",
        reference=reference,
        inputs=(Port("input", ("image",)),),
        picture="augmentation",
        settings=settings,
    )


_SHEAR = NumberList(2, 2, 0, 1)
_TURNS = Either((Float(0, 1), NumberList(2, 2, -1, 1)))


def _jitter(what: str, default: Any) -> Setting:
    words = f"How much the {what} may change. Empty leaves it."
    return Setting(Optional(SHARE_PAIR), words, default=default, why=_GENTLE)


BLOCKS = (
    _augmentation(
        layers.RandomFlip,
        "Mirrors images at random. Not for letters or anything with a left and a right.",
        mode=Setting(
            Choice(("horizontal", "vertical", "horizontal_and_vertical")),
            "Left and right, top and bottom, or both.",
            default="horizontal",
            why="Few things look the same upside down; Keras's own default does both.",
        ),
    ),
    _augmentation(
        layers.RandomRotation,
        "Turns images by a random angle.",
        factor=_strength("Largest angle as a share of a full turn: 0.1 is 36 degrees", 0.1, _TURNS),
    ),
    _augmentation(
        layers.RandomZoom,
        "Makes what images show larger or smaller at random.",
        height_factor=_strength("How much smaller (positive) or larger (negative) things may become", 0.1),
        width_factor=Setting(Optional(_SIGNED), "The same for the width. Empty keeps the proportions."),
    ),
    _augmentation(
        layers.RandomTranslation,
        "Shifts images at random.",
        height_factor=_strength("Largest shift up or down, as a share of the height", 0.1, _TURNS),
        width_factor=_strength("Largest shift left or right, as a share of the width", 0.1, _TURNS),
    ),
    _augmentation(
        layers.RandomCrop,
        "Cuts a part of a given size out at a random place; the middle when predicting.",
        "y = x[u : u + height, v : v + width]",
        height=replace(SHARED["height"], default=8, why="8 fits into every usual image."),
        width=replace(SHARED["width"], default=8, why="8 fits into every usual image."),
    ),
    _augmentation(
        layers.RandomShear,
        "Slants images at random.",
        x_factor=_strength("Range of the slant sideways", (0.0, 0.2), _SHEAR),
        y_factor=_strength("Range of the slant up and down", (0.0, 0.0), _SHEAR),
    ),
    _augmentation(
        layers.RandomPerspective,
        "Changes the point of view at random.",
        factor=_ALWAYS_AND_MORE,
        scale=Setting(
            Either((Float(0, 1), NumberList(2, 2, 0, 1))),
            "How far the corners may move.",
            default=0.2,
            why="Keras's own default of 1 distorts beyond recognition.",
        ),
    ),
    _augmentation(
        layers.RandomElasticTransform,
        "Warps images like rubber. Keras cannot compile it with XLA (jit).",
        reference="Simard, Steinkraus & Platt, Best Practices for Convolutional Neural Networks (2003)",
        factor=_ALWAYS_AND_MORE,
        scale=Setting(Either((Float(0, 100), NumberList(2, 2, 0, 100))), "How strong the warp is."),
    ),
    _augmentation(
        layers.RandomErasing,
        "Covers a random rectangle, so that the model does not lean on one detail.",
        reference="Zhong et al., Random Erasing Data Augmentation (2020)",
        factor=_ALWAYS_AND_MORE,
        scale=Setting(
            Either((Float(0, 1), NumberList(2, 2, 0, 1))), "Range of the covered share of the image."
        ),
        fill_value=Setting(
            Optional(Float()), "The value of the rectangle. Empty means noise.", advanced=True
        ),
    ),
    _augmentation(
        layers.RandomBrightness,
        "Makes images brighter or darker at random.",
        "y = x + d, d random",
        factor=_strength("Largest change, as a share of the range of values", 0.2, _TURNS),
    ),
    _augmentation(
        layers.RandomContrast,
        "Makes images richer or poorer in contrast at random.",
        "y = (x − mean)·f + mean, f random",
        factor=_strength("Largest change of the contrast", 0.2, SHARE_PAIR),
    ),
    _augmentation(
        layers.RandomSaturation,
        "Makes colors paler or stronger at random.",
        factor=_strength("0.5 changes nothing, 0 is gray, 1 is full color", (0.4, 0.6), SHARE_PAIR),
    ),
    _augmentation(
        layers.RandomHue,
        "Shifts the colors at random.",
        factor=_strength("How far the hue may move; 0 changes nothing", 0.1, SHARE_PAIR),
    ),
    _augmentation(
        layers.RandomSharpness,
        "Blurs or sharpens images at random.",
        factor=_strength("0 is fully blurred, 0.5 changes nothing, 1 is sharper", (0.4, 0.6), SHARE_PAIR),
    ),
    _augmentation(
        layers.RandomColorDegeneration,
        "Takes color away at random.",
        factor=_strength("How much of the color may go", 0.3, SHARE_PAIR),
    ),
    _augmentation(
        layers.RandomColorJitter,
        "Changes brightness, contrast, saturation and hue at random, all at once.",
        brightness_factor=_jitter("brightness", 0.2),
        contrast_factor=_jitter("contrast", 0.2),
        saturation_factor=_jitter("saturation", (0.4, 0.6)),
        hue_factor=_jitter("hue", 0.05),
    ),
    _augmentation(
        layers.RandomGrayscale,
        "Makes some images gray.",
        factor=Setting(Float(0, 1), "Share of the images that become gray."),
    ),
    _augmentation(
        layers.RandomGaussianBlur,
        "Blurs some images.",
        factor=_ALWAYS_AND_MORE,
        kernel_size=Setting(
            Either((Integer(1, 255), IntegerList(2, 2))), "Size of the blur in pixels, an odd number."
        ),
        sigma=Setting(
            Either((Float(0, 100), NumberList(2, 2, 0, 100))), "Strength of the blur, or a range for it."
        ),
    ),
    _augmentation(
        layers.RandomInvert,
        "Turns some images into their negatives.",
        "y = largest value − x",
        factor=_ALWAYS_AND_MORE,
    ),
    _augmentation(
        layers.RandomPosterization,
        "Keeps only a few shades of each color.",
        factor=Setting(
            Either((Integer(1, 8), IntegerList(2, 2))),
            "Bits kept of each color: 8 changes nothing, 1 leaves black and white.",
            default=4,
            why="16 shades keep what an image shows.",
        ),
    ),
    _augmentation(
        layers.Solarization,
        "Inverts the bright parts of images.",
        "y = x if x < threshold else largest value − x",
        addition_factor=Setting(
            SHARE_PAIR, "Brightness that is added first, or a range for it.", advanced=True
        ),
        threshold_factor=Setting(SHARE_PAIR, "Values above this share of the range are inverted."),
    ),
    _augmentation(
        layers.AutoContrast,
        "Stretches the values of each image over the whole range. It does so when predicting, too.",
        "y = (x − min x) / (max x − min x)",
    ),
    _augmentation(
        layers.ContrastLimitedAdaptiveHistogramEqualization,
        "Spreads the values evenly within each tile of an image, with a limit on contrast.",
        "y = limited cumulative histogram of x within a tile",
        reference="Zuiderveld, Contrast Limited Adaptive Histogram Equalization (1994)",
        clip_limit=Setting(Float(0, minimum_open=True), "How much contrast is allowed at most."),
        tile_grid_size=Setting(IntegerList(2, 2), "Number of tiles down and across."),
    ),
    _augmentation(
        layers.RandAugment,
        "Applies a few random changes out of a list, all of one strength: little to tune.",
        reference="Cubuk et al., RandAugment (2020)",
        num_ops=Setting(Integer(1, 16), "Number of changes to each image."),
        factor=Setting(Float(0, 1), "Strength of all changes."),
    ),
    _augmentation(
        layers.AugMix,
        "Mixes several chains of random changes with the image: models that cope with disturbances.",
        reference="Hendrycks et al., AugMix (2020)",
        num_chains=Setting(Integer(1, 16), "Number of chains that are mixed.", advanced=True),
        chain_depth=Setting(Integer(1, 16), "Largest number of changes in a chain.", advanced=True),
        factor=Setting(SHARE_PAIR, "Strength of the changes."),
        alpha=Setting(Float(0, minimum_open=True), "Evenness of the mix.", advanced=True),
        all_ops=Setting(
            Boolean(), "Use changes of brightness, color, contrast and sharpness, too.", advanced=True
        ),
    ),
)
