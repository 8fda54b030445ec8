"""The basic blocks: input, dense, activation, dropout, flatten, reshape, embedding."""

from __future__ import annotations

from dataclasses import replace

from keras import layers

from builder.blocks import settings as common
from builder.blocks.base import FLOAT_FLOWS, Block, Port, Setting, declare
from builder.params import Boolean, Choice, Integer, IntegerList, Parameter

ANY = (Port("input", FLOAT_FLOWS),)

BLOCKS = (
    Block(
        kind="input.v1",
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
                Choice(("image", "text", "features")),
                "auto",
                "Which input of the data enters here. 'auto' takes the first one.",
                auto=True,
            ),
        ),
    ),
    declare(
        "dense.v1",
        layers.Dense,
        label="Dense",
        category="Core",
        summary="Every output value is a weighted sum of all input values. On images and sequences it "
        "works on each position by itself.",
        formula="y = activation(x·W + b)",
        reference="Goodfellow, Bengio & Courville, Deep Learning (2016), chapter 6",
        inputs=ANY,
        settings={
            "units": common.UNITS,
            "activation": common.ACTIVATION,
            "use_bias": common.USE_BIAS,
            "kernel_initializer": common.KERNEL_INITIALIZER,
            "kernel_regularizer": common.KERNEL_REGULARIZER,
        },
    ),
    declare(
        "activation.v1",
        layers.Activation,
        label="Activation",
        category="Core",
        summary="Applies a function to every value. Without one between them, two layers act as one.",
        formula="y = f(x)",
        reference="Nair & Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines (2010)",
        inputs=ANY,
        settings={
            "activation": replace(
                common.ACTIVATION, default="relu", why="relu is fast and works in most hidden layers."
            )
        },
    ),
    declare(
        "dropout.v1",
        layers.Dropout,
        label="Dropout",
        category="Core",
        summary="Sets random values to zero while training, so that the model does not lean on single "
        "values. Does nothing when predicting.",
        formula="y = x·m / (1 − rate), where m is 0 with probability rate, else 1",
        reference="Srivastava et al., Dropout: A Simple Way to Prevent Overfitting (2014)",
        inputs=ANY,
        settings={"rate": common.RATE},
    ),
    declare(
        "flatten.v1",
        layers.Flatten,
        label="Flatten",
        category="Core",
        summary="Lays an image or a sequence out as one long vector.",
        formula="(h, w, c) → (h·w·c)",
        reference="Keras documentation, keras.layers.Flatten",
        inputs=(Port("input", FLOAT_FLOWS),),
        settings={},
    ),
    declare(
        "reshape.v1",
        layers.Reshape,
        label="Reshape",
        category="Core",
        summary="Gives the same values another shape, such as a vector as an image.",
        formula="the values in the same order, arranged as target_shape",
        reference="Keras documentation, keras.layers.Reshape",
        inputs=(Port("input", FLOAT_FLOWS),),
        settings={
            "target_shape": Setting(
                IntegerList(1, 3, allow_unknown=True),
                "The new shape, without the batch. One -1 is filled in from the rest.",
                default=(-1,),
                why="(-1) fits every input: it lays the values out as one vector.",
            )
        },
    ),
    declare(
        "embedding.v1",
        layers.Embedding,
        label="Embedding",
        category="Core",
        summary="Turns every word number into a vector that is learned.",
        formula="y[t] = E[x[t]], E of shape (input_dim, output_dim)",
        reference="Bengio et al., A Neural Probabilistic Language Model (2003)",
        inputs=(Port("input", ("tokens",)),),
        automatic={"input_dim": "vocabulary_size"},
        settings={
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
        },
    ),
)
