"""Fusion at feature level: vectors of several modalities become one."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, Setting, declare
from builder.params import Choice


def feature_fusion(
    inputs, units, method="concatenate", activation="relu", dropout=0.0, name="feature_fusion"
):
    """Make one vector of several, such as what an image and its caption say.

    "concatenate" reads all side by side; "gated" lets all together decide how much each one counts.

    Reference: Arevalo et al., Gated Multimodal Units for Information Fusion (2017), figure 2a.
    """
    joined = layers.Concatenate(name=f"{name}_concatenate")(inputs)
    if method == "concatenate":
        x = layers.Dense(units, activation, name=f"{name}_dense")(joined)
    else:
        parts = []
        for number, item in enumerate(inputs, start=1):
            gate = layers.Dense(units, "sigmoid", name=f"{name}_gate_{number}")(joined)
            part = layers.Dense(units, activation, name=f"{name}_dense_{number}")(item)
            parts.append(layers.Multiply(name=f"{name}_gated_{number}")([gate, part]))
        x = layers.Add(name=f"{name}_add")(parts)
    return layers.Dropout(dropout, name=f"{name}_dropout")(x) if dropout else x


BLOCKS = (
    declare(
        "feature_fusion.v1",
        feature_fusion,
        sources=(feature_fusion,),
        label="Feature fusion",
        category="Composite",
        summary="Makes one vector of the vectors of several modalities, such as image and text, side by "
        "side or gated.",
        formula="y = f(W·[x₁, x₂, …]), or y = Σᵢ σ(Vᵢ·[x₁, x₂, …])·f(Wᵢ·xᵢ)",
        reference="Arevalo et al., Gated Multimodal Units for Information Fusion (2017)",
        inputs=(Port("inputs", ("vector",), variadic=True),),
        settings={
            "units": common.UNITS,
            "method": Setting(
                Choice(("concatenate", "gated")),
                "'gated' learns for each sample how much each modality counts.",
                why="The simplest fusion, and hard to beat on small data.",
            ),
            "activation": Setting(
                Choice(common.ACTIVATIONS), "The function f. The article on gates takes tanh."
            ),
            "dropout": Setting(common.SHARE, "Share of the values set to zero while training."),
        },
    ),
)
