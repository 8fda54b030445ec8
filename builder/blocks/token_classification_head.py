"""The head of a model that names every token, as in named-entity recognition."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import Port, declare


def token_classification_head(inputs, units, activation="softmax", dropout=0.0, name="output"):
    """Return one probability a class for every step of a sequence.

    Reference: Devlin et al., BERT (2019), figure 4d.
    """
    x = layers.Dropout(dropout, name=f"{name}_dropout")(inputs) if dropout else inputs
    return layers.Dense(units, activation, name=name)(x)


BLOCKS = (
    declare(
        "token_classification_head.v1",
        token_classification_head,
        sources=(token_classification_head,),
        label="Token classification head",
        category="Head",
        summary="The last block of a model that puts every token of a text into a class, such as person, "
        "place or other.",
        formula="p[t,k] = exp(z[t,k]) / Σⱼ exp(z[t,j]),  z[t] = x[t]·W + b",
        reference="Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers (2019)",
        inputs=(Port("input", ("sequence",)),),
        automatic={"units": "class_units", "activation": "class_activation"},
        settings={
            "units": common.class_units(),
            "activation": common.CLASS_ACTIVATION,
            "dropout": common.HEAD_DROPOUT,
        },
    ),
)
