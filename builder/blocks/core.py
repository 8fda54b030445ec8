"""The basic blocks: input and output, dense, activation, embedding, masking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from keras import layers

from builder.blocks import settings as common
from builder.blocks.arguments import SHARED
from builder.blocks.base import FLOAT_FLOWS, Block, Port, Setting, plain_arguments
from builder.blocks.derive import primitive
from builder.blocks.keras_objects import REGULARIZER
from builder.blocks.saved_values import place_fault
from builder.params import (
    AUTO,
    Boolean,
    Choice,
    Float,
    Integer,
    IntegerList,
    Json,
    Optional,
    Parameter,
    Text,
)

ANY = (Port("input", FLOAT_FLOWS),)
_TOKENS = (Port("input", ("tokens",)),)
DTYPES: tuple[str, ...] = ("float32", "float16", "bfloat16", "float64", "int32", "int64", "int16", "int8")
DTYPES += ("uint64", "uint32", "uint16", "uint8", "bool", "string", "complex64", "complex128")
PLACE = Parameter(
    "place",
    Json("a list of names and numbers, or empty", place_fault),
    None,
    "Where it lies among the inputs or outputs of the model, such as the name in an object. Empty for the "
    "usual: alone, or in a list.",
    advanced=True,
)
_ACTIVITY = replace(SHARED["activity_regularizer"], type=Optional(REGULARIZER), default=None)
_EMBEDDING = {
    "input_dim": Setting(
        Integer(1, 10_000_000),
        "Number of different words. 'auto' takes the size of the data's vocabulary.",
        default="auto",
        why="The data know the size of their vocabulary.",
        auto=True,
        advanced=True,
    ),
    "output_dim": Setting(
        Integer(1, 8192),
        "Length of each word's vector.",
        default=64,
        why="32 to 128 is enough for small vocabularies.",
    ),
    "mask_zero": Setting(
        Boolean(),
        "Tell the following blocks to skip padding. Use it before LSTM, GRU, attention or pooling.",
    ),
}


def _einsum_arguments(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the arguments with None for the axes that follow the input."""
    shape = tuple(None if size == -1 else size for size in values["output_shape"])
    return plain_arguments({**values, "output_shape": shape})


BLOCKS = (
    Block(
        kind="input.v1",
        picture="input",
        label="Input",
        category="Input",
        summary="Where the data enter the model. Images arrive scaled to 0..1, texts as word numbers, "
        "tables as one vector of scaled numbers and one-hot categories.",
        formula="x",
        reference="Keras documentation, keras.Input",
        inputs=(),
        parameters=(
            Parameter(
                "source",
                Choice(("image", "audio", "text", "features", "series", "target")),
                "auto",
                "Which input of the data enters here. 'auto' takes the first one; 'target' is what a decoder "
                "has written so far: the answer, one token behind.",
                auto=True,
            ),
        ),
    ),
    Block(
        kind="tensor_input.v1",
        picture="input",
        label="Free input",
        category="Input",
        summary="An input that the project's data do not feed: the input of a block of your own, or of an "
        "opened model.",
        formula="x",
        reference="Keras documentation, keras.Input",
        inputs=(),
        parameters=(
            Parameter(
                "shape",
                IntegerList(0, 6, minimum=-1),
                [16],
                "The size along each axis without the batch, such as 32, 32, 3; -1 where it may change.",
            ),
            Parameter("dtype", Choice(DTYPES), "float32", "The kind of numbers that arrive.", advanced=True),
            Parameter(
                "batch_size",
                Optional(Integer(1, 1_000_000)),
                None,
                "The number of samples, where the model takes no other. Empty for any number.",
                advanced=True,
            ),
            Parameter(
                "optional",
                Boolean(),
                False,
                "Whether the model also works without this input.",
                advanced=True,
            ),
            Parameter(
                "sparse", Boolean(), False, "Whether only the values that are not zero arrive.", advanced=True
            ),
            PLACE,
        ),
    ),
    Block(
        kind="output.v1",
        picture="output",
        label="Output",
        category="Input",
        summary="Marks what leaves the model, or leaves a block of your own. It changes nothing.",
        formula="y = x",
        reference="Keras documentation, keras.Model",
        inputs=(Port("input", ()),),
        parameters=(
            Parameter(
                "target",
                Text(500),
                AUTO,
                "Where the data have several columns to predict: the one that this output predicts. 'auto' "
                "finds one that fits the block before it.",
                auto=True,
            ),
            PLACE,
        ),
    ),
    primitive(
        layers.Dense,
        category="Core",
        summary="Every output value is a weighted sum of all input values. On images and sequences it "
        "works on each position by itself.",
        formula="y = activation(x·W + b)",
        reference="Goodfellow, Bengio & Courville, Deep Learning (2016), chapter 6",
        inputs=ANY,
        picture="dense",
    ),
    primitive(
        layers.EinsumDense,
        category="Core",
        label="Einsum dense",
        summary="A dense layer whose sums are written as an equation, for weights of any shape.",
        formula="y = activation(einsum(equation, x, W) + b)",
        inputs=ANY,
        picture="dense",
        arguments=_einsum_arguments,
        settings={
            "equation": Setting(
                Text(100),
                "Axes of the input and the weights, then of the output, such as abc,cd->abd.",
                default="...x,xy->...y",
                why="This equation does what Dense does, whatever comes before the features.",
            ),
            "output_shape": Setting(
                IntegerList(1, 6, minimum=-1),
                "Shape that comes out, without the batch; -1 where it is as in the input.",
                default=(64,),
                why="64 is enough for a first try on small data.",
            ),
            "bias_axes": Setting(
                Text(8), "Letters of the axes that get an offset of their own, such as y. Empty: no offset."
            ),
            "activity_regularizer": _ACTIVITY,
        },
    ),
    primitive(
        layers.Activation,
        category="Core",
        summary="Applies a function to every value. Without one between them, two layers act as one.",
        formula="y = f(x)",
        reference="Nair & Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines (2010)",
        inputs=ANY,
        picture="activation",
        settings={
            "activation": replace(
                common.ACTIVATION, default="relu", why="relu is fast and works in most hidden layers."
            )
        },
    ),
    primitive(
        layers.Identity,
        category="Core",
        summary="Hands on what arrives, unchanged: a name for a place in the model.",
        formula="y = x",
        inputs=(Port("input", ()),),
        picture="identity",
    ),
    primitive(
        layers.Embedding,
        category="Core",
        summary="Turns every word number into a vector that is learned.",
        formula="y[t] = E[x[t]], E of shape (input_dim, output_dim)",
        reference="Bengio et al., A Neural Probabilistic Language Model (2003)",
        inputs=_TOKENS,
        automatic={"input_dim": "vocabulary_size"},
        picture="embedding",
        settings={**_EMBEDDING, "activity_regularizer": _ACTIVITY},
    ),
    primitive(
        layers.ReversibleEmbedding,
        category="Core",
        summary="An embedding whose vectors also turn features back into a score for every word.",
        formula="y[t] = E[x[t]]; reversed: y[t] = x[t]·Eᵀ",
        reference="Press & Wolf, Using the Output Embedding to Improve Language Models (2017)",
        inputs=(Port("input", ("tokens", "sequence")),),
        automatic={"input_dim": "vocabulary_size"},
        picture="embedding",
        when_called=("reverse",),
        settings={
            **_EMBEDDING,
            "tie_weights": Setting(
                Boolean(),
                "Use the same vectors in both directions; else the way back has its own.",
                advanced=True,
            ),
            "reverse_dtype": Setting(
                Choice(("float32", "float16", "bfloat16")), "Kind of numbers of the way back.", advanced=True
            ),
            "logit_soft_cap": Setting(
                Float(0, minimum_open=True), "Keep the scores of the way back below this size.", advanced=True
            ),
            "reverse": Setting(
                Boolean(),
                "Turn features into a score for every word, instead of words into features.",
                default=False,
                why="A Keras call argument, off by default.",
            ),
            "activity_regularizer": _ACTIVITY,
        },
    ),
    primitive(
        layers.Masking,
        category="Core",
        summary="Marks the steps whose values all equal one number as padding, for the blocks after it.",
        formula="step t is skipped where x[t, c] = mask_value for every c",
        inputs=(Port("input", ("sequence", "image", "volume")),),
        picture="masking",
        settings={"mask_value": Setting(Float(), "The number that stands for padding.")},
    ),
)
