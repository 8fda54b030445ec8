"""Every public Keras layer is a block, or its absence has a reason."""

import inspect

import keras
import pytest

from builder.blocks import registry
from builder.blocks.derive import NOT_SETTINGS, documented, kind_of, label_of
from builder.blocks.left_out import LEFT_OUT

LAYERS = {
    name: item
    for name, item in vars(keras.layers).items()
    if inspect.isclass(item) and issubclass(item, keras.layers.Layer)
}
BLOCKS = {block.function: block for block in registry().values() if block.function in LAYERS.values()}


def test_every_public_layer_is_a_block_or_is_left_out_for_a_reason() -> None:
    missing = [name for name, layer in LAYERS.items() if layer not in BLOCKS and name not in LEFT_OUT]
    assert missing == []


def test_what_is_left_out_exists_and_is_no_block() -> None:
    for name, reason in LEFT_OUT.items():
        assert LAYERS[name] not in BLOCKS
        assert reason.endswith(".")


@pytest.mark.parametrize("block", BLOCKS.values(), ids=lambda block: block.kind)
def test_every_argument_of_the_layer_is_a_parameter(block) -> None:
    arguments = set(inspect.signature(block.function).parameters) - set(NOT_SETTINGS)
    declared = {parameter.name for parameter in block.parameters}
    assert arguments <= declared
    assert getattr(keras.layers, block.path.removeprefix("layers.")) is block.function


def test_kinds_and_labels_come_from_the_class() -> None:
    assert kind_of(keras.layers.Conv2DTranspose) == "conv2d_transpose.v1"
    assert kind_of(keras.layers.RMSNormalization) == "rms_normalization.v1"
    assert label_of(keras.layers.Conv2DTranspose) == "Conv2DTranspose"
    assert label_of(keras.layers.RandomColorJitter) == "Random color jitter"


def test_help_is_the_first_sentence_of_keras_own_words() -> None:
    text = documented(keras.layers.Dense, "units")
    assert text == "Positive integer, dimensionality of the output space."
    assert documented(keras.layers.Dense, "no_such_argument") == ""
