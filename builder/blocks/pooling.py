"""Pooling: fewer positions, each a summary of several."""

from __future__ import annotations

from typing import Any

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Block, Port, Setting, declare
from builder.params import Integer, IntegerList, Optional

_REFERENCE = (
    "Scherer, Müller & Behnke, Evaluation of Pooling Operations in Convolutional Architectures (2010)"
)
_GLOBAL_REFERENCE = "Lin, Chen & Yan, Network in Network (2013)"
_HALVES = "2 halves the size, the gentlest step."
_STRIDES_HELP = "How far the window moves each time. Empty means as far as the window is wide."


def _window(dimensions: int) -> dict[str, Setting]:
    if dimensions == 1:
        size = Setting(Integer(1, 4096), "Number of steps that become one.", default=2, why=_HALVES)
        strides = Setting(Optional(Integer(1, 4096)), _STRIDES_HELP, advanced=True)
    else:
        size = Setting(
            IntegerList(2, 2),
            "Height and width of the window that becomes one value.",
            default=(2, 2),
            why=_HALVES,
        )
        strides = Setting(Optional(IntegerList(2, 2)), _STRIDES_HELP, advanced=True)
    return {"pool_size": size, "strides": strides, "padding": common.PADDING}


def _pooling(kind: str, layer: Any, flow: str, summary: str, formula: str) -> Block:
    return declare(
        kind,
        layer,
        label=layer.__name__,
        category="Pooling",
        summary=summary,
        formula=formula,
        reference=_REFERENCE,
        inputs=(Port("input", (flow,)),),
        settings=_window(1 if flow == "sequence" else 2),
    )


def _global_pooling(kind: str, layer: Any, flow: str, summary: str, formula: str) -> Block:
    return declare(
        kind,
        layer,
        label=layer.__name__,
        category="Pooling",
        summary=summary,
        formula=formula,
        reference=_GLOBAL_REFERENCE,
        inputs=(Port("input", (flow,)),),
        settings={},
    )


BLOCKS = (
    _pooling(
        "max_pooling1d.v1",
        layers.MaxPooling1D,
        "sequence",
        "Keeps the largest value of each window of steps: shorter, and less sensitive to small shifts.",
        "y[t, c] = maxᵢ x[t·s + i, c]",
    ),
    _pooling(
        "max_pooling2d.v1",
        layers.MaxPooling2D,
        "image",
        "Keeps the largest value of each window: smaller, and less sensitive to small shifts.",
        "y[u, v, c] = maxᵢⱼ x[u·s + i, v·s + j, c]",
    ),
    _pooling(
        "average_pooling1d.v1",
        layers.AveragePooling1D,
        "sequence",
        "Takes the mean of each window of steps: shorter and smoother.",
        "y[t, c] = meanᵢ x[t·s + i, c]",
    ),
    _pooling(
        "average_pooling2d.v1",
        layers.AveragePooling2D,
        "image",
        "Takes the mean of each window: smaller and smoother.",
        "y[u, v, c] = meanᵢⱼ x[u·s + i, v·s + j, c]",
    ),
    _global_pooling(
        "global_average_pooling1d.v1",
        layers.GlobalAveragePooling1D,
        "sequence",
        "The mean over all steps: one value a feature. Padding is skipped if the embedding masks it.",
        "y[c] = mean_t x[t, c]",
    ),
    _global_pooling(
        "global_average_pooling2d.v1",
        layers.GlobalAveragePooling2D,
        "image",
        "The mean over the whole image: one value a channel. Needs far fewer weights after it than Flatten.",
        "y[c] = mean_uv x[u, v, c]",
    ),
    _global_pooling(
        "global_max_pooling1d.v1",
        layers.GlobalMaxPooling1D,
        "sequence",
        "The largest value over all steps: whether a pattern occurs anywhere.",
        "y[c] = max_t x[t, c]",
    ),
    _global_pooling(
        "global_max_pooling2d.v1",
        layers.GlobalMaxPooling2D,
        "image",
        "The largest value over the whole image: whether a pattern occurs anywhere.",
        "y[c] = max_uv x[u, v, c]",
    ),
)
