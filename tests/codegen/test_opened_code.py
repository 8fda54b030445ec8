"""Layers and operations of opened files come out as readable calls that make the same model."""

import re
from typing import Any

import keras
import pytest
from executing import free_script
from keras import layers
from opened_cases import (
    frozen_base,
    many_ways,
    masked,
    named_like_an_operation,
    opened,
    sequential_inside,
)


@pytest.mark.parametrize("make", [many_ways, masked, frozen_base, sequential_inside])
def test_an_opened_model_is_written_as_code(make: Any) -> None:
    code = free_script(opened(make))
    assert "builder" not in code


def test_operations_are_functions_of_keras_ops() -> None:
    # Keras counts the names of operations through the whole process.
    code = re.sub(r"\b([a-z]+)_\d+\b", r"\1", free_script(opened(many_ways)))
    for call in ("mean(add, axis=1)", "where(greater, mean, 0.0)", 'einsum("bi,bi->b", second_input, '):
        assert f"keras.ops.{call}" in code
    assert "mean[:, 0]" in code
    assert "deserialize" not in code


def test_a_layer_that_no_block_says_is_a_plain_call() -> None:
    def make() -> keras.Model:
        entry = keras.Input((8,))
        scaled = layers.Rescaling([1.0, 2.0], name="scaled")(layers.Dense(2, name="dense")(entry))
        return keras.Model(entry, scaled)

    code = free_script(opened(make))
    assert "deserialize" not in code


def test_an_operation_whose_name_a_layer_has_keeps_its_own() -> None:
    assert "deserialize_keras_object" in free_script(opened(named_like_an_operation))


def test_an_argument_may_bear_any_name_and_is_never_code() -> None:
    named = {"class": 2, "d=3))\nraise SystemExit\n((d": 3}

    def make() -> keras.Model:
        entry = keras.Input((6,), batch_size=1)
        return keras.Model(entry, keras.ops.rearrange(entry, "b (class d) -> b class d", d=3, **named))

    assert "**{" in free_script(opened(make))


SMALL: dict[str, dict[str, Any]] = {
    "MobileNetV2": {"input_shape": (32, 32, 3), "alpha": 0.35},
    "EfficientNetV2B0": {"input_shape": (32, 32, 3)},
}


@pytest.mark.parametrize("name", SMALL)
def test_a_network_of_keras_applications_is_written_as_code(name: str) -> None:
    make = getattr(keras.applications, name)
    code = free_script(opened(lambda: make(weights=None, classes=3, **SMALL[name])))
    assert "deserialize" not in code
