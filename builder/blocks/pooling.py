"""Pooling: fewer positions, each a summary of several."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keras import layers

from builder.blocks.arguments import BY_AXES
from builder.blocks.base import Block, Setting
from builder.blocks.derive import axes_of, primitive

_REFERENCE = (
    "Scherer, Müller & Behnke, Evaluation of Pooling Operations in Convolutional Architectures (2010)"
)
_GLOBAL_REFERENCE = "Lin, Chen & Yan, Network in Network (2013)"
_ADAPTIVE_REFERENCE = "He et al., Spatial Pyramid Pooling in Deep Convolutional Networks (2014)"
_STRIDES_HELP = "How far the window moves each time. Empty means as far as the window is wide."
_INDEXES = {1: "t", 2: "u, v", 3: "t, u, v"}


def _pooling(layer: Any, summary: str, function: str) -> Block:
    axes = axes_of(layer)
    indexes = _INDEXES[axes]
    moved = ", ".join(f"{index}·s + {step}" for index, step in zip(indexes.split(", "), "ijk", strict=False))
    strides: Setting = replace(BY_AXES["strides"](axes), help=_STRIDES_HELP, advanced=True)
    return primitive(
        layer,
        category="Pooling",
        summary=summary,
        formula=f"y[{indexes}, c] = {function}{'ᵢⱼₖ'[:axes]} x[{moved}, c]",
        reference=_REFERENCE,
        picture="max_pooling" if function == "max" else "average_pooling",
        settings={"strides": strides},
    )


def _global_pooling(layer: Any, summary: str, function: str) -> Block:
    indexes = _INDEXES[axes_of(layer)]
    return primitive(
        layer,
        category="Pooling",
        summary=summary,
        formula=f"y[c] = {function}_{indexes.replace(', ', '')} x[{indexes}, c]",
        reference=_GLOBAL_REFERENCE,
        picture="global_pooling",
    )


def _adaptive_pooling(layer: Any, summary: str, function: str) -> Block:
    return primitive(
        layer,
        category="Pooling",
        summary=summary,
        formula=f"y[cell, c] = {function} of x over the cell, output_size cells in all",
        reference=_ADAPTIVE_REFERENCE,
        picture="max_pooling" if function == "max" else "average_pooling",
    )


BLOCKS = (
    _pooling(
        layers.MaxPooling1D,
        "Keeps the largest value of each window of steps: shorter, and less sensitive to small shifts.",
        "max",
    ),
    _pooling(
        layers.MaxPooling2D,
        "Keeps the largest value of each window: smaller, and less sensitive to small shifts.",
        "max",
    ),
    _pooling(
        layers.MaxPooling3D,
        "Keeps the largest value of each window of a volume: smaller, and less sensitive to small shifts.",
        "max",
    ),
    _pooling(
        layers.AveragePooling1D, "Takes the mean of each window of steps: shorter and smoother.", "mean"
    ),
    _pooling(layers.AveragePooling2D, "Takes the mean of each window: smaller and smoother.", "mean"),
    _pooling(
        layers.AveragePooling3D, "Takes the mean of each window of a volume: smaller and smoother.", "mean"
    ),
    _global_pooling(
        layers.GlobalAveragePooling1D,
        "The mean over all steps: one value a feature. Padding is skipped if the embedding masks it.",
        "mean",
    ),
    _global_pooling(
        layers.GlobalAveragePooling2D,
        "The mean over the whole image: one value a channel. Needs far fewer weights after it than Flatten.",
        "mean",
    ),
    _global_pooling(
        layers.GlobalAveragePooling3D, "The mean over the whole volume or film: one value a channel.", "mean"
    ),
    _global_pooling(
        layers.GlobalMaxPooling1D,
        "The largest value over all steps: whether a pattern occurs anywhere.",
        "max",
    ),
    _global_pooling(
        layers.GlobalMaxPooling2D,
        "The largest value over the whole image: whether a pattern occurs anywhere.",
        "max",
    ),
    _global_pooling(
        layers.GlobalMaxPooling3D,
        "The largest value over the whole volume or film: whether a pattern occurs anywhere.",
        "max",
    ),
    _adaptive_pooling(
        layers.AdaptiveAveragePooling1D,
        "Takes means over as many stretches as you ask for, however long the sequence is.",
        "mean",
    ),
    _adaptive_pooling(
        layers.AdaptiveAveragePooling2D,
        "Takes means over a grid of the size you ask for, however large the image is.",
        "mean",
    ),
    _adaptive_pooling(
        layers.AdaptiveAveragePooling3D,
        "Takes means over a grid of the size you ask for, however large the volume is.",
        "mean",
    ),
    _adaptive_pooling(
        layers.AdaptiveMaxPooling1D,
        "Keeps the largest value of as many stretches as you ask for, however long the sequence is.",
        "max",
    ),
    _adaptive_pooling(
        layers.AdaptiveMaxPooling2D,
        "Keeps the largest value of each cell of a grid, however large the image is.",
        "max",
    ),
    _adaptive_pooling(
        layers.AdaptiveMaxPooling3D,
        "Keeps the largest value of each cell of a grid, however large the volume is.",
        "max",
    ),
)
