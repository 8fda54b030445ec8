"""Blocks that arrange, repeat, cut and pad the same values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras import layers

from builder.blocks.base import FLOAT_FLOWS, Block, Port, Setting, plain_arguments
from builder.blocks.derive import axes_of, primitive
from builder.params import Choice, Integer, IntegerList

_INPUT = (Port("input", FLOAT_FLOWS),)
_SIDES = {1: "left, right", 2: "top, bottom, left, right", 3: "front, back, top, bottom, left, right"}


def in_pairs(sizes: list[int]) -> Any:
    """Return the sizes of all sides as Keras takes them: one pair an axis, or the lone pair of a sequence."""
    pairs = tuple((before, after) for before, after in zip(sizes[::2], sizes[1::2], strict=True))
    return pairs[0] if len(pairs) == 1 else pairs


def _sides(layer: Any, argument: str, summary: str, formula: str, help_text: str) -> Block:
    """Return the block of a layer that takes a size for each side: in one list, which a form can hold."""
    axes = axes_of(layer)

    def arguments(values: Mapping[str, Any], name: str) -> dict[str, Any]:
        return plain_arguments({**values, argument: in_pairs(values[argument])})

    return primitive(
        layer,
        category="Reshaping",
        summary=summary,
        formula=formula,
        picture="cropping" if argument == "cropping" else "padding",
        arguments=arguments,
        settings={
            argument: Setting(
                IntegerList(2 * axes, 2 * axes, minimum=0),
                f"{help_text}: {_SIDES[axes]}.",
                default=(1,) * (2 * axes),
                why="One value at each side is the smallest change.",
            )
        },
    )


def _up_sampling(layer: Any, what: str, **settings: Setting) -> Block:
    return primitive(
        layer,
        category="Reshaping",
        summary=f"Makes {what} by repeating its values: nothing is learned.",
        formula="y[size·t + i] = x[t]",
        picture="up_sampling",
        settings=settings,
    )


BLOCKS = (
    primitive(
        layers.Flatten,
        category="Reshaping",
        summary="Lays an image or a sequence out as one long vector.",
        formula="(h, w, c) → (h·w·c)",
        inputs=_INPUT,
        picture="flatten",
    ),
    primitive(
        layers.Reshape,
        category="Reshaping",
        summary="Gives the same values another shape, such as a vector as an image.",
        formula="the values in the same order, arranged as target_shape",
        inputs=_INPUT,
        picture="reshape",
        settings={
            "target_shape": Setting(
                IntegerList(1, 7, allow_unknown=True),
                "The new shape, without the batch. One -1 is filled in from the rest.",
                default=(-1,),
                why="(-1) fits every input: it lays the values out as one vector.",
            )
        },
    ),
    primitive(
        layers.Permute,
        category="Reshaping",
        summary="Exchanges axes, such as steps and features.",
        formula="y[t, c] = x[c, t] for dims (2, 1)",
        inputs=(Port("input", ("sequence", "image", "volume")),),
        picture="permute",
        settings={
            "dims": Setting(
                IntegerList(1, 7),
                "The old axes in their new order; the first axis after the batch is 1.",
                default=(2, 1),
                why="(2, 1) exchanges the steps and the features of a sequence.",
            )
        },
    ),
    primitive(
        layers.RepeatVector,
        category="Reshaping",
        summary="Repeats a vector as every step of a sequence, as a decoder's input.",
        formula="y[t] = x for t = 1 … n",
        inputs=(Port("input", ("vector",)),),
        picture="repeat_vector",
        settings={
            "n": Setting(
                Integer(1, 1_000_000),
                "Number of steps that come out.",
                label="Steps",
                default=8,
                why="8 steps show the idea; take the length of the sequence that you want.",
            )
        },
    ),
    *(
        _sides(
            layer,
            "cropping",
            f"Cuts values off the sides of {what}.",
            "y = x without the outer values",
            "How many values are cut off",
        )
        for layer, what in (
            (layers.Cropping1D, "a sequence"),
            (layers.Cropping2D, "an image"),
            (layers.Cropping3D, "a volume"),
        )
    ),
    *(
        _sides(
            layer,
            "padding",
            f"Puts zeros around {what}, so that windows reach its border.",
            "y = x with zeros around it",
            "How many zeros are added",
        )
        for layer, what in (
            (layers.ZeroPadding1D, "a sequence"),
            (layers.ZeroPadding2D, "an image"),
            (layers.ZeroPadding3D, "a volume"),
        )
    ),
    _up_sampling(layers.UpSampling1D, "a sequence longer"),
    _up_sampling(
        layers.UpSampling2D,
        "an image larger",
        interpolation=Setting(
            Choice(("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")),
            "How the values in between are found: 'nearest' repeats, the others are smooth.",
        ),
    ),
    _up_sampling(layers.UpSampling3D, "a volume larger"),
)
