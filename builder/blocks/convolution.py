"""Convolutions over sequences and images."""

from __future__ import annotations

from dataclasses import replace

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Choice, Integer, IntegerList

_SHARED = {
    "groups": common.GROUPS,
    "activation": common.ACTIVATION,
    "use_bias": common.USE_BIAS,
    "kernel_initializer": common.KERNEL_INITIALIZER,
    "kernel_regularizer": common.KERNEL_REGULARIZER,
}

BLOCKS = (
    declare(
        "conv1d.v1",
        layers.Conv1D,
        label="Conv1D",
        category="Convolution",
        summary="Slides learned windows along a sequence and finds the same pattern wherever it occurs.",
        formula="y[t, f] = activation(Σᵢ Σ_c x[t·s + i, c]·W[i, c, f] + b[f])",
        reference="Waibel et al., Phoneme Recognition Using Time-Delay Neural Networks (1989)",
        inputs=(Port("input", ("sequence",)),),
        settings={
            "filters": common.FILTERS,
            "kernel_size": common.KERNEL_1D,
            "strides": Setting(
                Integer(1, 4096), "Steps that the window moves each time. 2 halves the length."
            ),
            "padding": replace(
                common.PADDING,
                type=Choice(("valid", "same", "causal")),
                help="'same' keeps the length, 'valid' shortens it, 'causal' never looks ahead.",
            ),
            "dilation_rate": Setting(Integer(1, 4096), common.DILATION_HELP, advanced=True),
            **_SHARED,
        },
    ),
    declare(
        "conv2d.v1",
        layers.Conv2D,
        label="Conv2D",
        category="Convolution",
        summary="Slides learned windows over an image and finds the same pattern wherever it occurs.",
        formula="y[u, v, f] = activation(Σᵢⱼ Σ_c x[u·s + i, v·s + j, c]·W[i, j, c, f] + b[f])",
        reference="LeCun et al., Gradient-Based Learning Applied to Document Recognition (1998)",
        inputs=(Port("input", ("image",)),),
        settings={
            "filters": common.FILTERS,
            "kernel_size": common.KERNEL_2D,
            "strides": Setting(
                IntegerList(2, 2), "Pixels that the window moves each time. 2 halves the size."
            ),
            "padding": common.PADDING,
            "dilation_rate": Setting(IntegerList(2, 2), common.DILATION_HELP, advanced=True),
            **_SHARED,
        },
    ),
)
