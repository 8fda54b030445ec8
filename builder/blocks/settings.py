"""Settings that many blocks share, so that the same parameter reads the same everywhere."""

from __future__ import annotations

import inspect

import keras

from builder.blocks.base import Setting
from builder.blocks.keras_objects import INITIALIZER, REGULARIZER
from builder.params import Boolean, Choice, Float, Integer, IntegerList, Optional


def _activation_names() -> tuple[str, ...]:
    # "glu" halves the channels behind the back of Keras's shape inference, and "threshold" has
    # arguments of its own: neither can be chosen by its name alone.
    helpers = {"get", "serialize", "deserialize", "glu", "threshold"}
    names = []
    for name in dir(keras.activations):
        if name.startswith("_") or name in helpers:
            continue
        if inspect.isfunction(getattr(keras.activations, name)):
            names.append(name)
    return tuple(names)


ACTIVATIONS = _activation_names()
INITIALIZERS = (
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "orthogonal",
    "zeros",
    "ones",
)

SHARE = Float(0, 1, maximum_open=True)

ACTIVATION = Setting(
    Choice(ACTIVATIONS),
    "The function applied to every output value. 'relu' suits hidden layers; 'linear' means none.",
    default="linear",
    why="'linear' is Keras's name for no activation, which its signature writes as None.",
)
USE_BIAS = Setting(
    Boolean(),
    "Add a learned offset to each output. Not needed right before a normalization.",
    advanced=True,
)
KERNEL_INITIALIZER = Setting(
    INITIALIZER,
    "How the weights start. 'he_normal' suits relu, 'glorot_uniform' most other activations.",
    advanced=True,
)
KERNEL_REGULARIZER = Setting(
    Optional(REGULARIZER),
    "Penalty on large weights, against overfitting. A number is the strength of L2, such as 0.0001.",
    advanced=True,
)
UNITS = Setting(
    Integer(1, 65_536),
    "How many values come out. More units can learn more, but need more data.",
    default=64,
    why="64 is enough for a first try on small data.",
)
FILTERS = Setting(
    Integer(1, 4096),
    "How many patterns the layer looks for: the number of output channels.",
    default=32,
    why="32 is a usual start; double it where pooling halves the size.",
)
NORMALIZATION_MOMENTUM = Setting(
    SHARE,
    "How slowly the averages of the batch normalizations follow the data; they are used after training, and "
    "when it is validated.",
    label="Normalization momentum",
    why="0.9 has caught up after dozens of steps. Keras's own 0.99 needs hundreds, more than the first "
    "epochs on small data have: the validation would stay at chance while the training improves.",
    advanced=True,
)
DILATION_HELP = "Gap between the values that one window reads, plus one. Widens the view at no cost."
GROUPS = Setting(
    Integer(1, 4096),
    "Split the channels into this many groups that do not mix. Must divide input channels and filters.",
    advanced=True,
)
SAME_OR_VALID = ("valid", "same")
PADDING = Setting(
    Choice(SAME_OR_VALID),
    "'same' pads the border so that the size stays; 'valid' uses only whole windows and shrinks it.",
)
KERNEL_2D = Setting(
    IntegerList(2, 2),
    "Height and width of the window that slides over the image.",
    default=(3, 3),
    why="Two 3 x 3 layers see as far as one 5 x 5 with fewer weights (Simonyan & Zisserman, 2015).",
)
KERNEL_1D = Setting(
    Integer(1, 4096),
    "Number of steps that the sliding window covers.",
    default=3,
    why="3 steps is the smallest window with a center.",
)
RATE = Setting(
    SHARE,
    "Share of the values set to zero in each training step; nothing is dropped when predicting.",
    default=0.5,
    why="0.5 is the value of the original article for hidden layers; 0.1 to 0.3 is gentler.",
)
EPSILON = Setting(
    Float(0, 1, minimum_open=True),
    "A small number added to the variance, so that nothing is divided by zero.",
    advanced=True,
)

CLASS_ACTIVATION = Setting(
    Choice(ACTIVATIONS),
    "'auto' is softmax: probabilities that add up to 1.",
    default="auto",
    why="Softmax suits classes that exclude each other.",
    auto=True,
    advanced=True,
)
HEAD_DROPOUT = Setting(SHARE, "Share of the values before the last layer set to zero while training.")


def class_units(words: str = "Number of classes. 'auto' takes it from the data.") -> Setting:
    """Return the setting of a head's outputs, whose number follows from the classes."""
    return Setting(
        Integer(1, 65_536),
        words,
        default="auto",
        why="The data know the number of classes.",
        auto=True,
        advanced=True,
    )
