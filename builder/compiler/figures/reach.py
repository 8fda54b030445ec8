"""How far a block looks: what one value that it gives has seen of the picture or sequence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Any

from builder.compiler.figures.flops import Shape

Axes = tuple[float, ...]

_CONVOLUTIONS = {"BaseConv", "BaseDepthwiseConv", "BaseSeparableConv", "BaseConvTranspose"}
# Wrappers around a layer that looks as far as it does alone.
_SAME_AS_INSIDE = ("SpectralNormalization",)
_EVERYTHING = {
    "BaseGlobalPooling",
    "BaseAdaptivePooling",
    "RNN",
    "Bidirectional",
    "MultiHeadAttention",
    "GroupedQueryAttention",
    "Attention",
    "AdditiveAttention",
}


@dataclass(frozen=True)
class Reach:
    """What a block adds to a receptive field, by axis.

    A value that it gives has seen ``growth`` steps of its input more than one, and neighbors lie
    ``stride`` steps apart. ``convolves`` tells whether a convolution is in it. Infinite growth: all of it.
    """

    growth: Axes
    stride: Axes
    convolves: bool = False

    def after(self, before: Reach) -> Reach:
        """Return the reach of this block behind another, seen from the other's input."""
        if len(self.growth) != len(before.growth):
            return Reach(_all(before), before.stride, before.convolves or self.convolves)
        return Reach(
            tuple(
                old + new * step
                for old, new, step in zip(before.growth, self.growth, before.stride, strict=True)
            ),
            tuple(old * new for old, new in zip(before.stride, self.stride, strict=True)),
            before.convolves or self.convolves,
        )


def start(shape: Shape) -> Reach:
    """Return the reach of what has not been looked at yet."""
    axes = max(len(shape) - 2, 0)
    return Reach((0.0,) * axes, (1.0,) * axes)


def widest(reaches: Iterable[Reach]) -> Reach:
    """Return what several branches see together."""
    found = list(reaches)
    return Reach(
        tuple(max(axis) for axis in zip(*(item.growth for item in found), strict=False)),
        tuple(max(axis) for axis in zip(*(item.stride for item in found), strict=False)),
        any(item.convolves for item in found),
    )


def block_reach(calls: Iterable[tuple[Any, list[Any], list[Any]]], output: Any) -> Reach:
    """Return the reach of a block from the calls of its layers, in their order, to one of its outputs."""
    reaches: dict[int, Reach] = {}
    for operation, inputs, outputs in calls:
        if not inputs:
            continue
        known = [(tuple(item.shape), reaches.get(id(item), start(tuple(item.shape)))) for item in inputs]
        for made in outputs:
            reaches[id(made)] = _after_call(operation, known, tuple(made.shape))
    return reaches.get(id(output), start(tuple(output.shape)))


def _after_call(operation: Any, known: list[tuple[Shape, Reach]], made: Shape) -> Reach:
    # What is spread over the picture, such as the gate of squeeze-and-excitation, sharpens nothing.
    same = [item for item in known if item[0][1:-1] == made[1:-1]] or known[:1]
    before = widest(reach for _, reach in same)
    return _own(operation, same[0][0], made).after(before)


def _own(operation: Any, given: Shape, made: Shape) -> Reach:
    if type(operation).__name__ in _SAME_AS_INSIDE:
        operation = operation.layer
    names = {cls.__name__ for cls in type(operation).__mro__}
    axes = max(len(given) - 2, 0)
    if names & _EVERYTHING or len(given) != len(made):
        return Reach((inf,) * axes, (1.0,) * axes)
    if "BaseConvTranspose" in names:
        sizes, strides = _sizes(operation.kernel_size, axes), _sizes(operation.strides, axes)
        growth = tuple((size - 1) / step for size, step in zip(sizes, strides, strict=True))
        return Reach(growth, tuple(1 / step for step in strides), convolves=True)
    if names & _CONVOLUTIONS:
        sizes, gaps = _sizes(operation.kernel_size, axes), _sizes(operation.dilation_rate, axes)
        growth = tuple((size - 1) * gap for size, gap in zip(sizes, gaps, strict=True))
        return Reach(growth, _sizes(operation.strides, axes), convolves=True)
    if "BasePooling" in names:
        growth = tuple(size - 1 for size in _sizes(operation.pool_size, axes))
        return Reach(growth, _sizes(operation.strides or operation.pool_size, axes))
    return Reach((0.0,) * axes, _scale(given, made))


def _scale(given: Shape, made: Shape) -> Axes:
    """Return by what a resize, an upsampling or the like brings neighbors together; cropping does not."""
    ratios = [(before or 1) / (after or 1) for before, after in zip(given[1:-1], made[1:-1], strict=True)]
    return tuple(ratio if ratio >= 1.5 or ratio <= 0.67 else 1.0 for ratio in ratios)


def _sizes(value: Any, axes: int) -> Axes:
    return (float(value),) * axes if isinstance(value, int) else tuple(float(item) for item in value)


def _all(reach: Reach) -> Axes:
    return (inf,) * len(reach.growth)
