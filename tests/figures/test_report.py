"""The table of a model's costs: totals, memory, sizes, what the last convolution sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graph_cases import chain, example, image_spec, table_spec, text_spec
from real_models import PRESETS, layers_of, preset

from builder.blocks import registry
from builder.compiler.analysis import analyse
from builder.compiler.figures.receptive_field import receptive_field
from builder.compiler.figures.report import analyze, report
from builder.compiler.figures.training_memory import optimizer_slots
from builder.graph import Definition, Edge, Graph, Node
from builder.params import with_defaults
from builder.training_parameters import TRAINING_PARAMETERS
from builder.training_plan.optimizer import OPTIMIZERS

SETTINGS = with_defaults(TRAINING_PARAMETERS, {"batch_size": 10})


def figures_of(graph: Graph, spec: Any) -> dict[str, Any]:
    return analyze(graph.to_json(), spec.to_json(), SETTINGS)


def test_the_totals_are_the_sums_of_the_blocks(cache: Path) -> None:
    project, analysis, model = preset("images/resnet", cache)
    figures = report(analysis, project.training_settings())
    totals = figures["totals"]
    assert [block["id"] for block in figures["blocks"]] == [node.id for node in project.model.nodes]
    for part in ("parameters", "trainable", "flops", "activation_bytes"):
        assert totals[part] == sum(block[part] for block in figures["blocks"]) > 0
    assert totals["trainable"] == sum(weight.numpy().size for weight in model.trainable_weights)
    assert sum(layer["flops"] for layer in figures["blocks"][1]["layers"]) == figures["blocks"][1]["flops"]


def test_training_memory_counts_what_the_optimizer_keeps() -> None:
    figures = figures_of(*example("dense.v1"))
    training, totals = figures["totals"]["training"], figures["totals"]
    assert training["weights"] == 4 * totals["parameters"]
    assert training["optimizer"] == 2 * training["gradients"] == 8 * totals["trainable"]
    assert training["activations"] >= 10 * totals["activation_bytes"]
    assert training["total"] == sum(value for name, value in training.items() if name != "total")


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_optimizers_state_is_that_which_keras_makes(name: str) -> None:
    known = {"sgd": 1, "rmsprop": 1, "adam": 2, "adamw": 2, "nadam": 2, "lion": 1}
    if name in known:
        assert optimizer_slots(name) == known[name]
    assert optimizer_slots(name) >= 0


def test_nothing_is_allocated_for_a_model_that_fits_no_machine() -> None:
    graph = chain(
        ("picture", "input.v1"),
        ("flat", "flatten.v1"),
        ("wide", "dense.v1", {"units": 60_000, "activation": "relu"}),
        ("wider", "dense.v1", {"units": 60_000, "activation": "relu"}),
        ("head", "classification_head.v1"),
    )
    totals = figures_of(graph, image_spec())["totals"]
    assert totals["parameters"] > 3_600_000_000
    assert totals["training"]["total"] > 4 * 4 * 3_600_000_000


def test_blocks_behind_an_error_are_left_out() -> None:
    graph = chain(("picture", "input.v1"), ("head", "classification_head.v1"))
    assert [block["id"] for block in figures_of(graph, image_spec())["blocks"]] == ["picture"]


@pytest.mark.parametrize("kind", registry())
def test_every_block_has_figures_that_agree_with_its_weights(kind: str) -> None:
    if not registry()[kind].inputs and kind != "input.v1":
        pytest.skip("it is no part of a model that reads data")
    try:
        graph, spec = example(kind)
    except KeyError:
        pytest.skip("it has no example of its own")
    analysis = analyse(graph, spec)
    for outcome in analysis.outcomes.values():
        assert sum(layer.parameters for layer in outcome.layers) == outcome.parameters
        assert all(layer.flops >= 0 and layer.values > 0 for layer in outcome.layers)


def test_an_own_block_stands_for_all_blocks_inside_it() -> None:
    inside = Graph(
        (
            Node("start", "tensor_input.v1", {"shape": [8], "dtype": "float32"}),
            Node("one", "dense.v1", {"units": 8, "activation": "relu"}),
            Node("end", "output.v1"),
        ),
        (Edge("start", "one"), Edge("one", "end")),
    )
    graph = Graph(
        (
            Node("table", "input.v1"),
            Node("twice", "own.pair", {"repeat": 2}),
            Node("head", "classification_head.v1"),
        ),
        (Edge("table", "twice"), Edge("twice", "head")),
        definitions={"own.pair": Definition("Pair", inside)},
    )
    blocks = {block["id"]: block for block in figures_of(graph, table_spec())["blocks"]}
    assert list(blocks) == ["table", "twice", "head"]
    # Ten features arrive, and eight leave each of both: (10 + 1) x 8 and (8 + 1) x 8 weights.
    assert blocks["twice"]["parameters"] == 88 + 72
    assert len(blocks["twice"]["layers"]) == 2


# Sizes worked out by hand, after Araujo, Norris & Sim (2019).
FIELDS: dict[str, tuple[list[Any], int, int]] = {
    "one window": ([("c", "conv2d.v1", {"kernel_size": [5, 5]})], 32, 5),
    "two windows": ([("a", "conv2d.v1", {}), ("b", "conv2d.v1", {})], 32, 5),
    "a pooling between": ([("a", "conv2d.v1", {}), ("p", "max_pooling2d.v1"), ("b", "conv2d.v1", {})], 32, 8),
    "strides": ([("a", "conv2d.v1", {"strides": [2, 2]}), ("b", "conv2d.v1", {})], 32, 7),
    "dilation": ([("a", "conv2d.v1", {"dilation_rate": [3, 3]})], 32, 7),
    "a composite with its pooling": (
        [("a", "convolution_block.v1", {"filters": 4}), ("b", "conv2d.v1", {})],
        32,
        8,
    ),
    "a wrapper around a convolution": (
        [
            (
                "a",
                "spectral_normalization.v1",
                {"layer": {"kind": "conv2d.v1", "parameters": {"kernel_size": [5, 5], "strides": [2, 2]}}},
            ),
            ("b", "conv2d.v1", {}),
        ],
        32,
        9,
    ),
    "a shortcut, which sees less": ([("r", "residual_block.v1", {"filters": 4})], 32, 5),
}


@pytest.mark.parametrize("case", FIELDS.values(), ids=FIELDS.keys())
def test_the_receptive_field_is_that_of_the_textbook(case: Any) -> None:
    blocks, size, seen = case
    graph = chain(("picture", "input.v1"), *blocks, ("mean", "global_average_pooling2d.v1"))
    analysis = analyse(graph, image_spec(size))
    field = receptive_field(analysis.graph, analysis.outcomes)
    assert field is not None
    assert (field.block, field.size, field.picture) == (blocks[-1][0], (seen, seen), (size, size))


def test_a_text_has_no_receptive_field_over_a_picture() -> None:
    graph = chain(("words", "input.v1"), ("embedding", "embedding.v1"), ("conv", "conv1d.v1"))
    analysis = analyse(graph, text_spec())
    assert receptive_field(analysis.graph, analysis.outcomes) is None


def test_every_preset_is_counted_without_guessing(cache: Path) -> None:
    for name in PRESETS:
        assert not any(layer.is_rough for layer in layers_of(preset(name, cache)[1]))
