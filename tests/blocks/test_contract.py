"""What every block promises, checked over the whole registry."""

import inspect
import json
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pytest
from graph_cases import KINDS, arrays_for, example, project

from builder.blocks import registry
from builder.blocks.base import FLOWS, Block
from builder.blocks.catalogue import CATALOGUE_FILE, catalogue_text
from builder.compiler import build, check, infer
from builder.errors import shown_value
from builder.params import check_all

# TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

BLOCKS = list(registry().values())


@pytest.mark.parametrize("block", BLOCKS, ids=list(registry()))
def test_a_block_is_documented(block: Block) -> None:
    for text in (block.label, block.category, block.summary, block.formula, block.reference):
        assert text.strip()
    assert block.summary.endswith(".")
    assert all(len(parameter.help) > 10 for parameter in block.parameters)
    assert all(set(port.accepts) <= set(FLOWS) for port in block.inputs)
    assert block.kind.endswith(".v1")


@pytest.mark.parametrize("block", BLOCKS, ids=list(registry()))
def test_a_default_is_the_one_of_the_signature_or_has_a_reason(block: Block) -> None:
    known = _known_arguments(block)
    for parameter in block.parameters:
        assert parameter.accepts(parameter.default), parameter.name
        if block.function is None:
            continue
        found = [arguments[parameter.name].default for arguments in known if parameter.name in arguments]
        assert found, f"Keras does not know {parameter.name}"
        default = tuple(parameter.default) if isinstance(parameter.default, list) else parameter.default
        # Keras takes one number for all axes; the forms show it once for each.
        is_spread = isinstance(default, tuple) and len(set(default)) == 1 and default[0] in found
        assert default in found or is_spread or block.reasons.get(parameter.name), parameter.name


def _known_arguments(block: Block) -> list[Mapping[str, inspect.Parameter]]:
    """Return the signatures that a block's parameters come from."""
    functions: list[Any] = [block.function] if block.function else []
    if inspect.isclass(block.function):
        parents = [item for item in block.function.__mro__ if issubclass(item, keras.layers.Layer)]
        functions += [block.function.call, *(item.__init__ for item in parents), keras.layers.RNN]
    if block.function is keras.layers.Bidirectional:
        functions += [keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN]
    return [inspect.signature(function).parameters for function in functions]


@pytest.mark.parametrize("block", BLOCKS, ids=list(registry()))
def test_bad_values_are_answered_by_the_standard_sentence(block: Block) -> None:
    for parameter in block.parameters:
        for value in parameter.type.bad_values():
            (problem,) = check_all(block.parameters, {parameter.name: value}, block.label, "it")
            assert problem.message.startswith(f"The '{parameter.name}' parameter of {block.label} must be ")
            assert problem.message.endswith(f" Got {shown_value(value)} instead.")
            assert (problem.block, problem.field) == ("it", parameter.name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_builds_runs_and_is_saved_whole(kind: str, tmp_path) -> None:
    graph, spec = example(kind)
    assert [problem for problem in check(project(graph), spec) if problem.severity == "error"] == []
    model = build(project(graph), spec)
    arrays = arrays_for(spec)
    inputs = [arrays[tensor.name] for tensor in model.inputs]
    # Layers of image augmentation change what they get unless they are told that nothing is trained.
    before = np.asarray(model(inputs, training=False))
    assert before.shape == (3, *model.output_shape[1:])
    assert np.isfinite(before).all()
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(again(inputs, training=False)), before)


@pytest.mark.parametrize("kind", KINDS)
def test_inference_tells_what_the_built_model_has(kind: str) -> None:
    graph, spec = example(kind)
    told = infer(graph.to_json(), spec.to_json())
    model = build(project(graph), spec)
    assert told["summary"]["parameters"] == model.count_params()
    assert told["summary"]["output_shape"] == list(model.output_shape)
    for node in graph.nodes:
        if registry()[node.kind].is_layer:
            assert tuple(told["nodes"][node.id]["shape"]) == tuple(model.get_layer(node.id).output.shape)


def test_the_catalogue_is_fresh() -> None:
    told = "Run python -m builder.blocks.catalogue"
    assert CATALOGUE_FILE.read_text(encoding="utf-8") == catalogue_text(), told
    kinds = [block["kind"] for block in json.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))["blocks"]]
    assert kinds == list(registry())
