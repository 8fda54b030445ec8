"""Wrappers: a layer around another layer, which is chosen as a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras import layers

from builder.blocks import (
    activations,
    convolution,
    core,
    normalization,
    pooling,
    recurrent,
    regularization,
    reshaping,
)
from builder.blocks.base import Block, Port, Setting, plain_arguments
from builder.blocks.derive import primitive
from builder.params import InnerLayer, Integer, with_defaults

_FAMILIES = (core, convolution, pooling, recurrent, normalization, regularization, activations, reshaping)
_PLAIN = {
    block.kind: block
    for family in _FAMILIES
    for block in family.BLOCKS
    if block.is_layer and not block.automatic and block.kind != "bidirectional.v1"
}
# What is worth repeating at every step, or dividing by the norm of its weights.
_STEPWISE = (
    "dense.v1",
    "conv1d.v1",
    "conv2d.v1",
    "depthwise_conv2d.v1",
    "separable_conv2d.v1",
    "max_pooling1d.v1",
    "max_pooling2d.v1",
    "average_pooling1d.v1",
    "average_pooling2d.v1",
    "global_average_pooling1d.v1",
    "global_average_pooling2d.v1",
    "global_max_pooling1d.v1",
    "global_max_pooling2d.v1",
    "flatten.v1",
    "reshape.v1",
    "lstm.v1",
    "gru.v1",
    "batch_normalization.v1",
    "layer_normalization.v1",
    "dropout.v1",
    "activation.v1",
)
_WITH_KERNEL = (
    "dense.v1",
    "einsum_dense.v1",
    "conv1d.v1",
    "conv2d.v1",
    "conv3d.v1",
    "conv1d_transpose.v1",
    "conv2d_transpose.v1",
    "conv3d_transpose.v1",
)


def _choice(kinds: tuple[str, ...]) -> InnerLayer:
    return InnerLayer(tuple((kind, _PLAIN[kind].label, _PLAIN[kind].parameters) for kind in kinds))


def _arguments(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    arguments = plain_arguments({key: value for key, value in values.items() if key != "layer"})
    block = _PLAIN[values["layer"]["kind"]]
    inner = with_defaults(block.parameters, values["layer"]["parameters"])
    return {"layer": block.call(inner, f"{name}_layer"), **arguments}


def _wrapper(
    layer: Any,
    summary: str,
    formula: str,
    reference: str,
    flows: tuple[str, ...],
    kinds: tuple[str, ...],
    help_text: str,
    **settings: Setting,
) -> Block:
    return primitive(
        layer,
        category="Core",
        summary=summary,
        formula=formula,
        reference=reference,
        inputs=(Port("input", flows),),
        picture="time_distributed" if layer is layers.TimeDistributed else "normalization",
        arguments=_arguments,
        settings={
            "layer": Setting(
                _choice(kinds),
                help_text,
                default={"kind": "dense.v1", "parameters": {}},
                why="Dense is the simplest layer with weights.",
            ),
            **settings,
        },
    )


BLOCKS = (
    _wrapper(
        layers.TimeDistributed,
        "Applies one layer, with the same weights, to every step: a convolution to every frame of a film.",
        "y[t] = layer(x[t])",
        "",
        ("sequence", "image", "volume"),
        _STEPWISE,
        "The layer that every step goes through.",
    ),
    _wrapper(
        layers.SpectralNormalization,
        "A layer whose weights are divided by their largest stretch: steadier training of discriminators.",
        "y = layer with W / σ(W), σ the largest singular value",
        "Miyato et al., Spectral Normalization for Generative Adversarial Networks (2018)",
        ("image", "sequence", "vector", "volume"),
        _WITH_KERNEL,
        "The layer whose weights are normalized.",
        power_iterations=Setting(
            Integer(1, 100), "Steps with which the stretch is estimated each time.", advanced=True
        ),
    ),
)
