"""Normalizations: values with a steady mean and spread, which train faster."""

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import FLOAT_FLOWS, Port, Setting, declare
from builder.params import Boolean, Float

_CENTER = Setting(Boolean(), "Add a learned offset (beta) afterwards.", advanced=True)
_SCALE = Setting(Boolean(), "Multiply by a learned factor (gamma) afterwards.", advanced=True)

BLOCKS = (
    declare(
        "batch_normalization.v1",
        layers.BatchNormalization,
        label="Batch normalization",
        category="Normalization",
        summary="Gives every channel mean 0 and variance 1 over the batch; predictions use running "
        "averages. Speeds up convolutional models.",
        formula="y = γ·(x − mean_batch) / √(variance_batch + ε) + β",
        reference="Ioffe & Szegedy, Batch Normalization (2015)",
        inputs=(Port("input", FLOAT_FLOWS),),
        settings={
            "momentum": Setting(
                Float(0, 1),
                "How slowly the running averages follow the batches. Lower it for short trainings.",
                advanced=True,
            ),
            "epsilon": common.EPSILON,
            "center": _CENTER,
            "scale": _SCALE,
        },
    ),
    declare(
        "layer_normalization.v1",
        layers.LayerNormalization,
        label="Layer normalization",
        category="Normalization",
        summary="Gives the features of every position mean 0 and variance 1, independent of the batch. "
        "Usual in Transformers and recurrent models.",
        formula="y = γ·(x − mean_features) / √(variance_features + ε) + β",
        reference="Ba, Kiros & Hinton, Layer Normalization (2016)",
        inputs=(Port("input", FLOAT_FLOWS),),
        settings={"epsilon": common.EPSILON, "center": _CENTER, "scale": _SCALE},
    ),
)
