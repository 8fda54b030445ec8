"""Normalizations: values with a steady mean and spread, which train faster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from keras import layers

from builder.blocks.arguments import SHARED
from builder.blocks.base import FLOAT_FLOWS, Block, Port, Setting, plain_arguments
from builder.blocks.derive import primitive
from builder.params import Boolean, Float, Integer, NumberList, Optional

_INPUT = (Port("input", FLOAT_FLOWS),)
_ONE_AXIS = replace(
    SHARED["axis"], type=Integer(-8, 8), help="The axis that holds the features or channels; -1 is the last."
)


def _with_clipping(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    arguments = plain_arguments(values)
    limits = arguments["renorm_clipping"]
    if limits is not None:
        arguments["renorm_clipping"] = dict(zip(("rmin", "rmax", "dmax"), limits, strict=True))
    return arguments


def _normalization(
    layer: Any, label: str, summary: str, formula: str, reference: str, **settings: Any
) -> Block:
    return primitive(
        layer,
        label=label,
        category="Normalization",
        summary=summary,
        formula=formula,
        reference=reference,
        inputs=_INPUT,
        picture="normalization",
        settings=settings,
        arguments=_with_clipping if "renorm_clipping" in settings else None,
    )


BLOCKS = (
    _normalization(
        layers.BatchNormalization,
        "Batch normalization",
        "Gives every channel mean 0 and variance 1 over the batch; predictions use running averages. Speeds "
        "up convolutional models.",
        "y = γ·(x − mean_batch) / √(variance_batch + ε) + β",
        "Ioffe & Szegedy, Batch Normalization (2015)",
        axis=_ONE_AXIS,
        momentum=Setting(
            Float(0, 1),
            "How slowly the running averages follow the batches. Lower it for short trainings.",
            advanced=True,
        ),
        renorm=Setting(
            Boolean(), "Also correct by the running averages while training (Ioffe, 2017).", advanced=True
        ),
        renorm_clipping=Setting(
            Optional(NumberList(3, 3, 0)),
            "The limits rmin, rmax and dmax of that correction. Empty means none.",
            advanced=True,
        ),
        renorm_momentum=Setting(
            Float(0, 1), "How slowly the averages of that correction follow the batches.", advanced=True
        ),
        synchronized=Setting(
            Boolean(), "Share the statistics between the devices of a data-parallel training.", advanced=True
        ),
    ),
    _normalization(
        layers.LayerNormalization,
        "Layer normalization",
        "Gives the features of every position mean 0 and variance 1, independent of the batch. Usual in "
        "Transformers and recurrent models.",
        "y = γ·(x − mean_features) / √(variance_features + ε) + β",
        "Ba, Kiros & Hinton, Layer Normalization (2016)",
    ),
    _normalization(
        layers.GroupNormalization,
        "Group normalization",
        "Gives each group of channels mean 0 and variance 1 within one sample: for small batches, where "
        "batch normalization is unsteady.",
        "y = γ·(x − mean_group) / √(variance_group + ε) + β",
        "Wu & He, Group Normalization (2018)",
        axis=_ONE_AXIS,
        groups=Setting(
            Integer(-1, 4096),
            "Number of groups of channels; it must divide the channels. -1 gives each channel its own group.",
        ),
    ),
    _normalization(
        layers.RMSNormalization,
        "RMS normalization",
        "Divides the features of every position by their root mean square: cheaper than layer normalization, "
        "usual in language models.",
        "y = γ·x / √(mean(x²) + ε)",
        "Zhang & Sennrich, Root Mean Square Layer Normalization (2019)",
    ),
    _normalization(
        layers.UnitNormalization,
        "Unit normalization",
        "Gives every position's vector the length 1, so that only its direction counts, as for similarities.",
        "y = x / ‖x‖₂",
        "Keras documentation, keras.layers.UnitNormalization",
    ),
)
