"""Fusion at network level: every modality votes, and the votes are averaged."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.blocks.weighted_average import WeightedAverage
from builder.params import Choice


def late_fusion(inputs, units, method="average", activation="softmax", name="output"):
    """Let each of several vectors score the classes by itself, and average the scores.

    "weighted" learns how much each vector counts.

    Reference: Baltrusaitis, Ahuja & Morency, Multimodal Machine Learning (2019), section 6.1.
    """
    scores = [
        layers.Dense(units, name=f"{name}_scores_{number}")(item)
        for number, item in enumerate(inputs, start=1)
    ]
    average = layers.Average if method == "average" else WeightedAverage
    return layers.Activation(activation, name=name)(average(name=f"{name}_average")(scores))


BLOCKS = (
    declare(
        "late_fusion.v1",
        late_fusion,
        sources=(WeightedAverage, late_fusion),
        label="Late fusion head",
        category="Head",
        summary="The last block of a classifier of several modalities: each scores the classes by itself, "
        "and the scores are averaged. Still works fairly when one modality says nothing.",
        formula="p = softmax(Σᵢ aᵢ·(Wᵢ·xᵢ + bᵢ)), the weights aᵢ equal or learned",
        reference="Baltrusaitis, Ahuja & Morency, Multimodal Machine Learning: A Survey and Taxonomy (2019)",
        inputs=(Port("inputs", ("vector",), variadic=True),),
        automatic={"units": "class_units", "activation": "class_activation"},
        settings={
            "units": common.class_units(
                "Number of outputs. 'auto' makes one a class (one in all for two classes with 'sigmoid')."
            ),
            "method": Setting(
                Choice(("average", "weighted")), "'weighted' learns how much each modality counts."
            ),
            "activation": common.CLASS_ACTIVATION,
        },
    ),
)
