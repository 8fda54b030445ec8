"""What each argument name that several Keras layers share means: its type, bounds and help, once.

Names whose type depends on the number of axes (``kernel_size`` of Conv1D and Conv3D) are functions of
that number in ``BY_AXES``. Where Keras's default is None, the type becomes optional by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from builder.blocks import settings as common
from builder.blocks.base import Setting
from builder.blocks.keras_objects import CONSTRAINT, INITIALIZER, REGULARIZER
from builder.params import Boolean, Choice, Either, Float, Integer, IntegerList, NumberList

DTYPES = ("float32", "float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16")
INTEGER_DTYPES = ("int32", "int64", "int8", "uint8", "bool")
_LONGEST = 4096
_AXES_WORDS = {2: "height and width", 3: "depth, height and width"}

SHARE_PAIR = Either((Float(0, 1), NumberList(2, 2, 0, 1)))
VALUE_RANGE = Setting(
    NumberList(2, 2),
    "The smallest and the largest value that the images have.",
    default=(0.0, 1.0),
    why="Images arrive here scaled to 0..1; Keras's own default is 0..255.",
    advanced=True,
)
INTERPOLATIONS = Choice(("nearest", "bilinear"))
FILL_MODES = Choice(("constant", "nearest", "wrap", "reflect"))

_WEIGHTS = {
    "kernel": "weights",
    "bias": "offsets",
    "recurrent": "weights of the carried state",
    "depthwise": "weights of each channel's own window",
    "pointwise": "weights that mix the channels",
    "embeddings": "vectors",
    "beta": "offset (beta)",
    "gamma": "factor (gamma)",
    "moving_mean": "running mean",
    "moving_variance": "running variance",
    "alpha": "slopes",
}


def _weight_settings(name: str, words: str) -> dict[str, Setting]:
    return {
        f"{name}_initializer": Setting(INITIALIZER, f"How the {words} start.", advanced=True),
        f"{name}_regularizer": Setting(
            REGULARIZER,
            f"Penalty on large values of the {words}, against overfitting. A number is the strength of L2.",
            advanced=True,
        ),
        f"{name}_constraint": Setting(
            CONSTRAINT, f"A rule that the {words} are held to after every training step.", advanced=True
        ),
    }


SHARED: dict[str, Setting] = {
    **{
        name: item
        for weight, words in _WEIGHTS.items()
        for name, item in _weight_settings(weight, words).items()
    },
    "units": common.UNITS,
    "filters": common.FILTERS,
    "activation": common.ACTIVATION,
    "use_bias": common.USE_BIAS,
    "kernel_initializer": common.KERNEL_INITIALIZER,
    "kernel_regularizer": common.KERNEL_REGULARIZER,
    "groups": common.GROUPS,
    "padding": common.PADDING,
    "rate": common.RATE,
    "epsilon": common.EPSILON,
    "activity_regularizer": Setting(
        REGULARIZER, "Penalty on large outputs. A number is the strength of L2.", advanced=True
    ),
    "data_format": Setting(
        Choice(("channels_last", "channels_first")),
        "Which axis holds the channels. Empty means the last one, as everywhere here.",
        advanced=True,
    ),
    "depth_multiplier": Setting(
        Integer(1, 1024), "How many windows each channel gets of its own, so how many channels come out."
    ),
    "seed": Setting(
        Integer(0, 2**31 - 1),
        "Makes the randomness repeatable. Empty follows the training's seed.",
        advanced=True,
    ),
    "axis": Setting(
        Either((Integer(-8, 8), IntegerList(1, 8, minimum=-8))),
        "The axis, or the list of axes, that it works along; -1 is the features or channels.",
        advanced=True,
    ),
    "center": Setting(Boolean(), "Add a learned offset (beta) afterwards.", advanced=True),
    "scale": Setting(Boolean(), "Multiply by a learned factor (gamma) afterwards.", advanced=True),
    "keepdims": Setting(Boolean(), "Keep the axes that were summed up, each with the size 1.", advanced=True),
    "dropout": Setting(common.SHARE, "Share of the inputs set to zero while training."),
    "recurrent_dropout": Setting(
        common.SHARE, "Share of the carried state set to zero while training. Slows training.", advanced=True
    ),
    "recurrent_activation": Setting(
        Choice(common.ACTIVATIONS),
        "The function of the gates. Leave it unless you have a reason.",
        advanced=True,
    ),
    "unit_forget_bias": Setting(
        Boolean(),
        "Start with open forget gates (Jozefowicz et al., 2015), so that memory lasts.",
        advanced=True,
    ),
    "return_sequences": Setting(
        Boolean(), "Give the state after every step (for another recurrent layer), not only the last one."
    ),
    "return_state": Setting(
        Boolean(),
        "Also give the last state, at outputs of its own: a decoder can start from it.",
        advanced=True,
    ),
    "go_backwards": Setting(Boolean(), "Read the sequence from its end to its beginning.", advanced=True),
    "stateful": Setting(
        Boolean(),
        "Start every batch with the state that the one before ended in. Needs a fixed batch size.",
        advanced=True,
    ),
    "unroll": Setting(
        Boolean(),
        "Write the loop over the steps out: faster for short sequences, but needs memory.",
        advanced=True,
    ),
    "reset_after": Setting(
        Boolean(), "Apply the reset gate after the multiplication, as fast implementations do.", advanced=True
    ),
    "zero_output_for_mask": Setting(
        Boolean(),
        "Give zeros at masked steps instead of repeating the output before.",
        default=False,
        advanced=True,
    ),
    "noise_shape": Setting(
        IntegerList(1, 8, minimum=-1),
        "Shape of the noise, with the batch; an axis of size 1 drops whole slices; -1 follows the input.",
        advanced=True,
    ),
    "negative_slope": Setting(Float(0), "Slope for values below zero (or below the threshold)."),
    "alpha": Setting(Float(), "The size of the curve below zero."),
    "lora_rank": Setting(
        Integer(1, 1024),
        "Train only a low-rank addition of this rank to frozen weights (Hu et al., 2021). Empty trains all.",
        advanced=True,
    ),
    "lora_alpha": Setting(
        Float(0, minimum_open=True), "Strength of the low-rank addition. Empty takes its rank.", advanced=True
    ),
    "flash_attention": Setting(
        Boolean(),
        "Use the fast kernel of graphics cards; it fails on a processor. Empty decides.",
        advanced=True,
    ),
    "sliding_window": Setting(
        Integer(1, 1_000_000),
        "Let each position see only this many neighbors. Empty means all.",
        advanced=True,
    ),
    "use_gate": Setting(
        Boolean(), "Multiply the result by a learned gate before the last weights.", advanced=True
    ),
    "use_causal_mask": Setting(
        Boolean(),
        "Let each position look only at itself and what came before, as when predicting text.",
        default=False,
        why="A Keras call argument, off by default; reading whole texts needs both sides.",
    ),
    "return_attention_scores": Setting(
        Boolean(),
        "Also give the attention scores, at an output of their own.",
        default=False,
        why="A Keras call argument, off by default.",
        advanced=True,
    ),
    "value_range": VALUE_RANGE,
    "interpolation": Setting(
        INTERPOLATIONS,
        "How values between pixels are found: 'bilinear' is smooth, 'nearest' sharp.",
        advanced=True,
    ),
    "fill_mode": Setting(
        FILL_MODES, "What fills the places that no pixel of the image reaches.", advanced=True
    ),
    "fill_value": Setting(Float(), "The value that 'constant' filling takes.", advanced=True),
    "height": Setting(
        Integer(1, 8192), "Height of the result in pixels.", default=32, why="32 is small and quick."
    ),
    "width": Setting(
        Integer(1, 8192), "Width of the result in pixels.", default=32, why="32 is small and quick."
    ),
    "output_mode": Setting(
        Choice(("int", "one_hot", "multi_hot", "count")),
        "What comes out: the number of the bin, or a vector with a 1 (or a count) at it.",
    ),
    "sparse": Setting(Boolean(), "Give a sparse tensor, which few layers can read.", advanced=True),
}

DTYPE = Setting(
    Choice((*DTYPES, *INTEGER_DTYPES)),
    "The kind of numbers it computes with. Empty follows the training's settings.",
    default=None,
    advanced=True,
)


def _window(
    help_1d: str, helps: str, default: int | None = None, why: str = "", advanced: bool = False
) -> Callable[[int], Setting]:
    def setting(axes: int) -> Setting:
        if axes == 1:
            shown = Setting(Integer(1, _LONGEST), help_1d, why=why, advanced=advanced)
            return shown if default is None else replace(shown, default=default)
        words = helps.format(axes=_AXES_WORDS[axes])
        shown = Setting(IntegerList(axes, axes), words, why=why, advanced=advanced)
        return shown if default is None else replace(shown, default=(default,) * axes)

    return setting


def _kernel_size(axes: int) -> Setting:
    by_axes = {1: common.KERNEL_1D, 2: common.KERNEL_2D}
    help_3d = "Depth, height and width of the window that slides over the volume."
    deep = Setting(
        IntegerList(3, 3), help_3d, default=(3, 3, 3), why="3 is the smallest window with a center."
    )
    return by_axes.get(axes, deep)


def _output_padding(axes: int) -> Setting:
    words = "Added to the size of the result, where strides leave it open. Empty decides by itself."
    kind = Integer(0, _LONGEST) if axes == 1 else IntegerList(axes, axes, minimum=0)
    return Setting(kind, words, advanced=True)


BY_AXES: dict[str, Callable[[int], Setting]] = {
    "kernel_size": _kernel_size,
    "strides": _window(
        "Steps that the window moves each time. 2 halves the length.",
        "How far the window moves each time, in {axes}. 2 halves the size.",
    ),
    "pool_size": _window(
        "Number of steps that become one.",
        "Size of the window that becomes one value, in {axes}.",
        default=2,
        why="2 halves the size, the gentlest step.",
    ),
    "dilation_rate": _window(common.DILATION_HELP, common.DILATION_HELP, advanced=True),
    "output_padding": _output_padding,
    "output_size": _window(
        "Number of steps that come out, whatever comes in.",
        "Size of the result, in {axes}, whatever comes in.",
        default=2,
        why="2 is the smallest result that still tells where something is.",
    ),
    "size": _window("How often each step is repeated.", "How often each value is repeated, in {axes}."),
}
