"""Convolutions over sequences, images and volumes: plain, transposed, depthwise and separable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keras import layers

from builder.blocks import settings as common
from builder.blocks.arguments import SHARED
from builder.blocks.base import Block
from builder.blocks.derive import primitive
from builder.params import Choice

_CAUSAL = replace(
    common.PADDING,
    type=Choice(("valid", "same", "causal")),
    help="'same' keeps the length, 'valid' shortens it, 'causal' never looks ahead.",
)
_LARGER = replace(
    common.PADDING,
    help="'same' makes the size exactly strides times larger; 'valid' adds what the window sticks out.",
)
_DEPTHWISE_REFERENCE = "Howard et al., MobileNets (2017)"
_SEPARABLE_REFERENCE = "Chollet, Xception: Deep Learning with Depthwise Separable Convolutions (2017)"
_TRANSPOSED_REFERENCE = "Zeiler et al., Deconvolutional Networks (2010)"


def _convolution(
    layer: Any, summary: str, formula: str, reference: str, picture: str, **settings: Any
) -> Block:
    return primitive(
        layer,
        category="Convolution",
        summary=summary,
        formula=formula,
        reference=reference,
        picture=picture,
        settings=settings,
    )


BLOCKS = (
    _convolution(
        layers.Conv1D,
        "Slides learned windows along a sequence and finds the same pattern wherever it occurs.",
        "y[t, f] = activation(Σᵢ Σ_c x[t·s + i, c]·W[i, c, f] + b[f])",
        "Waibel et al., Phoneme Recognition Using Time-Delay Neural Networks (1989)",
        "convolution_1d",
        padding=_CAUSAL,
    ),
    _convolution(
        layers.Conv2D,
        "Slides learned windows over an image and finds the same pattern wherever it occurs.",
        "y[u, v, f] = activation(Σᵢⱼ Σ_c x[u·s + i, v·s + j, c]·W[i, j, c, f] + b[f])",
        "LeCun et al., Gradient-Based Learning Applied to Document Recognition (1998)",
        "convolution",
    ),
    _convolution(
        layers.Conv3D,
        "Slides learned windows through a volume or a film: patterns in space and depth, or space and time.",
        "y[t, u, v, f] = activation(Σᵢⱼₖ Σ_c x[t·s + i, u·s + j, v·s + k, c]·W[i, j, k, c, f] + b[f])",
        "Tran et al., Learning Spatiotemporal Features with 3D Convolutional Networks (2015)",
        "convolution",
    ),
    _convolution(
        layers.Conv1DTranspose,
        "The way back of a convolution: makes a sequence longer with learned windows.",
        "y[t·s + i, f] += x[t, c]·W[i, f, c]",
        _TRANSPOSED_REFERENCE,
        "transposed_convolution",
        padding=_LARGER,
    ),
    _convolution(
        layers.Conv2DTranspose,
        "The way back of a convolution: makes an image larger with learned windows, as in decoders and "
        "generators.",
        "y[u·s + i, v·s + j, f] += x[u, v, c]·W[i, j, f, c]",
        _TRANSPOSED_REFERENCE,
        "transposed_convolution",
        padding=_LARGER,
    ),
    _convolution(
        layers.Conv3DTranspose,
        "The way back of a convolution: makes a volume larger with learned windows.",
        "y[t·s + i, u·s + j, v·s + k, f] += x[t, u, v, c]·W[i, j, k, f, c]",
        _TRANSPOSED_REFERENCE,
        "transposed_convolution",
        padding=_LARGER,
    ),
    _convolution(
        layers.DepthwiseConv1D,
        "Gives every channel of a sequence a window of its own and mixes no channels: few weights.",
        "y[t, c] = activation(Σᵢ x[t·s + i, c]·W[i, c] + b[c])",
        _DEPTHWISE_REFERENCE,
        "depthwise_convolution",
    ),
    _convolution(
        layers.DepthwiseConv2D,
        "Gives every channel of an image a window of its own and mixes no channels: few weights.",
        "y[u, v, c] = activation(Σᵢⱼ x[u·s + i, v·s + j, c]·W[i, j, c] + b[c])",
        _DEPTHWISE_REFERENCE,
        "depthwise_convolution",
    ),
    _convolution(
        layers.SeparableConv1D,
        "A depthwise convolution, then a mix of the channels at each step: like Conv1D with fewer weights.",
        "y = activation(pointwise(depthwise(x)) + b)",
        _SEPARABLE_REFERENCE,
        "separable_convolution",
        depth_multiplier=replace(SHARED["depth_multiplier"], advanced=True),
    ),
    _convolution(
        layers.SeparableConv2D,
        "A depthwise convolution, then a mix of the channels at each pixel: like Conv2D with fewer weights.",
        "y = activation(pointwise(depthwise(x)) + b)",
        _SEPARABLE_REFERENCE,
        "separable_convolution",
        depth_multiplier=replace(SHARED["depth_multiplier"], advanced=True),
    ),
)
