"""One real sample through every block: the values, what is computed again, and what is marked."""

import json
import random
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from builder.compiler import build
from builder.compiler.analysis import analyse
from builder.data.prepare import Prepared, prepare
from builder.errors import BuilderError
from builder.explain.preview import Previewer, RunWeights, weights_of
from builder.explain.preview.block_model import Result
from builder.explain.preview.flow import FlowCache
from builder.explain.preview.samples import sample_of
from builder.graph import Graph
from builder.outputs import arrange
from builder.project import Project, load_preset

# Keras 3.15 reads TensorFlow variables in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LONG = 600.0
PRESETS = (
    "images/cnn",
    "images/resnet",
    "text/lstm",
    "text/transformer",
    "tabular/mlp_classification",
    "tabular/mlp_regression",
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prepared")


def opened(name: str, cache: Path) -> tuple[Project, Prepared]:
    project = load_preset(name)
    return project, prepare(project.data, cache)


@pytest.fixture(scope="module")
def resnet(cache: Path) -> tuple[Project, Prepared]:
    return opened("images/resnet", cache)


@pytest.fixture(scope="module")
def transformer(cache: Path) -> tuple[Project, Prepared]:
    return opened("text/transformer", cache)


def changed(graph: Graph, node: str, name: str, value: Any) -> Graph:
    return graph.edited([{"op": "set_parameter", "id": node, "name": name, "value": value}])


def results(
    graph: Graph, prepared: Prepared, weights: RunWeights | None = None, index: int = 0
) -> dict[str, Result]:
    """Return the exact results of every block."""
    sample = sample_of(prepared, "test", index)
    flow = FlowCache().flow(analyse(graph, prepared.spec), sample, weights, LONG)
    return {name: step.result for name, step in flow.steps.items() if step.result is not None}


def shown(graph: Graph, prepared: Prepared, **wanted: Any) -> dict[str, Any]:
    """Return a whole answer, which must be JSON as it stands."""
    answer = Previewer().preview(graph, prepared, seconds=LONG, **wanted)
    json.dumps(answer, allow_nan=False)
    return answer


def codes(answer: dict[str, Any]) -> dict[str, list[str]]:
    return {
        name: [mark["code"] for mark in block["marks"]]
        for name, block in answer["blocks"].items()
        if block["marks"]
    }


def with_weights(model: keras.Model, layer: str, **replaced: float) -> RunWeights:
    """Return a model's weights with all values of some weights of a layer replaced."""
    for weight in model.get_layer(layer).weights:
        if weight.name in replaced:
            weight.assign(np.full(weight.shape, replaced[weight.name], np.float32))
    return weights_of(model, f"{layer}:{replaced}")


def padded_index(prepared: Prepared) -> int:
    """Return the number of the test sample with the most padding."""
    rows = np.asarray(prepared.arrays["tokens"])[prepared.indices["test"]]
    return int((rows == 0).sum(axis=1).argmax())


@pytest.mark.parametrize("name", PRESETS)
def test_values_are_those_of_the_whole_model_with_the_same_weights(name: str, cache: Path) -> None:
    project, prepared = opened(name, cache)
    keras.utils.set_random_seed(5)
    model = build(project, prepared.spec)
    found = results(project.model, prepared, weights_of(model, "built"), index=3)
    layers = {layer.name: layer for layer in model.layers}
    names = [node.id for node in project.model.nodes if node.id in layers]
    taps = keras.Model(model.inputs, [layers[node].output for node in names])
    row = np.asarray(prepared.indices["test"])[3:4]
    inputs = arrange(taps, {key: array[row] for key, array in prepared.arrays.items()})
    for node, expected in zip(names, keras.tree.flatten(taps(inputs, training=False)), strict=True):
        value = found[node].outputs["output"].array
        np.testing.assert_allclose(value, np.asarray(expected), rtol=1e-4, atol=1e-5, err_msg=node)
    assert len(found) == len(project.model.nodes)


def test_only_what_follows_an_edit_is_computed_again(resnet: tuple[Project, Prepared]) -> None:
    project, prepared = resnet
    previewer = Previewer()

    def computed(graph: Graph, index: int = 0) -> list[str]:
        answer = previewer.preview(graph, prepared, "test", index, seconds=LONG)
        assert answer["complete"]
        return answer["computed"]

    every = [node.id for node in project.model.nodes]
    assert computed(project.model) == every
    assert computed(project.model) == []
    assert computed(changed(project.model, "residual_3", "filters", 48)) == ["residual_3", "pool", "output"]
    assert computed(changed(project.model, "stem", "filters", 24)) == every[1:]
    assert computed(project.model) == [], "what was seen before comes back at once"
    assert computed(project.model, index=1) == every


def test_weights_of_a_block_stay_while_others_change(resnet: tuple[Project, Prepared]) -> None:
    project, prepared = resnet
    before = results(project.model, prepared)
    after = results(changed(project.model, "residual_2", "strides", 1), prepared)
    for node in ("stem", "residual_1"):
        assert np.array_equal(before[node].outputs["output"].array, after[node].outputs["output"].array)
    again = results(project.model, prepared)["output"].outputs["output"].array
    assert np.array_equal(before["output"].outputs["output"].array, again)


def test_a_preview_leaves_the_random_numbers_of_others_alone(resnet: tuple[Project, Prepared]) -> None:
    project, prepared = resnet
    keras.utils.set_random_seed(7)
    expected = random.random()
    keras.utils.set_random_seed(7)
    Previewer().preview(project.model, prepared, seconds=LONG)
    assert random.random() == expected


def test_each_heads_attention_adds_up_to_one_and_leaves_padding_out(
    transformer: tuple[Project, Prepared],
) -> None:
    project, prepared = transformer
    graph = changed(project.model, "embedding", "mask_zero", True)
    index = padded_index(prepared)
    padded = np.asarray(prepared.arrays["tokens"][prepared.indices["test"][index]]) == 0
    assert 10 < padded.sum() < len(padded)
    (scores,) = results(graph, prepared, index=index)["encoder"].attention.values()
    assert scores.shape == (4, len(padded), len(padded))
    # A position that is padding itself looks at nothing.
    np.testing.assert_allclose(scores.sum(axis=-1), np.broadcast_to(~padded, scores.shape[:2]), rtol=1e-5)
    assert scores[..., padded].max() == 0


def test_a_masked_model_gives_the_values_of_the_whole_one_while_its_attention_is_read(
    transformer: tuple[Project, Prepared],
) -> None:
    project, prepared = transformer
    graph = changed(project.model, "embedding", "mask_zero", True)
    model = build(project.with_model(graph), prepared.spec)
    index = padded_index(prepared)
    found = results(graph, prepared, weights_of(model, "built"), index)
    value = found["output"].outputs["output"].array
    row = np.asarray(prepared.indices["test"])[index : index + 1]
    expected = model([np.asarray(prepared.arrays["tokens"][row])], training=False)
    np.testing.assert_allclose(value, np.asarray(expected), rtol=1e-4, atol=1e-6)


def test_numbers_of_a_masked_sequence_do_not_count_padding(transformer: tuple[Project, Prepared]) -> None:
    project, prepared = transformer
    graph = changed(project.model, "embedding", "mask_zero", True)
    index = padded_index(prepared)
    words = int((np.asarray(prepared.arrays["tokens"][prepared.indices["test"][index]]) != 0).sum())
    (output,) = shown(graph, prepared, part="test", index=index, block="encoder")["detail"]["outputs"]
    assert output["statistics"]["count"] == words * output["shape"][1]
    assert output["picture"]["masked"] == [False] * words + [True] * (output["shape"][0] - words)


def test_a_block_that_lets_nothing_through_is_marked_and_those_after_it_are_not(
    resnet: tuple[Project, Prepared],
) -> None:
    project, prepared = resnet
    model = build(project, prepared.spec)
    weights = with_weights(model, "stem_norm", beta=-100.0)
    answer = shown(project.model, prepared, weights=weights)
    assert codes(answer)["stem"] == ["dead"]
    assert "100 % of its values are zero" in answer["blocks"]["stem"]["marks"][0]["message"]
    assert "pool" not in codes(answer) and "residual_1" not in codes(answer)
    assert answer["blocks"]["stem"]["outputs"][0]["statistics"]["dead_channels"] == 16


def test_zero_weights_make_a_dead_block(cache: Path) -> None:
    project, prepared = opened("tabular/mlp_classification", cache)
    answer = shown(changed(project.model, "dense_2", "kernel_initializer", "zeros"), prepared)
    assert codes(answer) == {"dense_2": ["dead"]}


@pytest.mark.parametrize(
    ("gamma", "code"), [(1e9, "exploding"), (float("nan"), "not_finite"), (1e-9, "vanishing")]
)
def test_unsound_values_are_marked_where_they_begin(
    gamma: float, code: str, resnet: tuple[Project, Prepared]
) -> None:
    project, prepared = resnet
    weights = with_weights(build(project, prepared.spec), "residual_1_norm_2", gamma=gamma)
    other = with_weights(build(project, prepared.spec), "residual_1_norm_2", gamma=gamma)
    assert other.layers.keys() == weights.layers.keys()
    if code == "vanishing":
        # The shortcut would bring values past it.
        weights = with_weights(build(project, prepared.spec), "stem_norm", gamma=gamma)
    answer = shown(project.model, prepared, weights=weights)
    (first, found), *_ = codes(answer).items()
    assert (first, found) == ("stem" if code == "vanishing" else "residual_1", [code])
    assert "residual_2" not in codes(answer)


def test_large_numbers_in_the_targets_unit_are_meant(cache: Path) -> None:
    project, prepared = opened("tabular/mlp_regression", cache)
    answer = shown(project.model, prepared)
    picture = answer["blocks"]["output"]["outputs"][0]["picture"]
    assert picture["value"] > 1000 and picture["truth"] == sample_of(prepared, "train", 0).target()
    assert codes(answer) == {}


def test_a_broken_model_shows_the_blocks_before_the_fault(resnet: tuple[Project, Prepared]) -> None:
    project, prepared = resnet
    answer = shown(changed(project.model, "residual_3", "filters", -4), prepared)
    assert list(answer["blocks"]) == ["input", "stem", "residual_1", "residual_2"]
    assert answer["complete"]


@pytest.mark.parametrize("index", [-1, 10**6, "3", True, None, 1.5])
def test_a_sample_that_is_not_there_is_told_with_those_that_are(
    index: Any, resnet: tuple[Project, Prepared]
) -> None:
    project, prepared = resnet
    with pytest.raises(BuilderError, match="numbered 0 to"):
        Previewer().preview(project.model, prepared, "test", index)
    with pytest.raises(BuilderError, match="'validation'"):
        Previewer().preview(project.model, prepared, "holdout")


def test_blocks_unlike_those_of_the_run_keep_untrained_weights_and_are_named(
    resnet: tuple[Project, Prepared],
) -> None:
    project, prepared = resnet
    weights = weights_of(build(project, prepared.spec), "run")
    graph = changed(project.model, "residual_3", "filters", 48)
    answer = shown(graph, prepared, weights=weights)
    assert answer["weights"]["initial"] == ["residual_3", "output"]
    assert answer["blocks"]["stem"]["weights"] == "run" and answer["blocks"]["pool"]["weights"] == ""
    fresh = results(graph, prepared)["residual_2"].outputs["output"].array
    trained = results(graph, prepared, weights)["residual_2"].outputs["output"].array
    assert not np.array_equal(fresh, trained)


def test_going_back_to_untrained_weights_gives_the_first_values_again(
    resnet: tuple[Project, Prepared],
) -> None:
    project, prepared = resnet
    weights = weights_of(build(project, prepared.spec), "run")
    cache, analysis = FlowCache(), analyse(project.model, prepared.spec)
    one, other = sample_of(prepared, "test", 0), sample_of(prepared, "test", 1)
    cache.flow(analysis, one, None, LONG)
    cache.flow(analysis, one, weights, LONG)
    # Another sample, so that nothing comes from the cache of results.
    again = cache.flow(analysis, other, None, LONG).steps["output"].result
    expected = results(project.model, prepared, index=1)["output"]
    assert again is not None
    assert np.array_equal(again.outputs["output"].array, expected.outputs["output"].array)


def test_without_time_an_answer_comes_in_parts_that_add_up(resnet: tuple[Project, Prepared]) -> None:
    project, prepared = resnet
    previewer, told = Previewer(), dict[str, Any]()
    known: dict[str, str] = {}
    for _ in project.model.nodes:
        answer = previewer.preview(project.model, prepared, known=known, seconds=0)
        assert len(answer["computed"]) == 1, "each answer brings one block further"
        told.update({name: block for name, block in answer["blocks"].items() if "outputs" in block})
        known = {name: block["key"] for name, block in told.items()}
    assert answer["complete"]
    assert told == shown(project.model, prepared)["blocks"]


def test_what_is_known_is_not_sent_again(resnet: tuple[Project, Prepared]) -> None:
    project, prepared = resnet
    first = shown(project.model, prepared)
    known = {name: block["key"] for name, block in first["blocks"].items()}
    second = shown(changed(project.model, "residual_3", "filters", 48), prepared, known=known)
    sent = [name for name, block in second["blocks"].items() if "outputs" in block]
    assert sent == ["residual_3", "pool", "output"]


def test_one_block_is_told_in_full_on_request(resnet: tuple[Project, Prepared]) -> None:
    project, prepared = resnet
    answer = shown(project.model, prepared, block="residual_3")
    overview = answer["blocks"]["residual_3"]["outputs"][0]["picture"]
    detail = answer["detail"]["outputs"][0]["picture"]
    assert (len(overview["ranges"]), len(detail["ranges"]), detail["count"]) == (16, 64, 64)
    assert shown(project.model, prepared, block="nowhere")["detail"] is None


def test_words_unknown_words_and_padding_are_told_apart(cache: Path) -> None:
    project, prepared = opened("text/lstm", cache)
    answer = shown(project.model, prepared, part="test", index=2)
    picture = answer["blocks"]["input"]["outputs"][0]["picture"]
    ids = np.asarray(prepared.arrays["tokens"][int(prepared.indices["test"][2])])
    vocabulary = prepared.spec.inputs[0].settings["vocabulary"]
    for number, word, state in zip(ids, picture["words"], picture["states"], strict=False):
        assert state == {0: "p", 1: "u"}.get(int(number), "w")
        assert word == (vocabulary[number] if number > 1 else "")
    assert answer["sample"]["kind"] == "text" and answer["sample"]["label"] in prepared.spec.class_names


def test_the_last_block_speaks_in_the_classes_names(cache: Path) -> None:
    project, prepared = opened("text/lstm", cache)
    picture = shown(project.model, prepared)["blocks"]["output"]["outputs"][0]["picture"]
    assert picture["names"] == ["ham", "spam"] and sum(picture["values"]) == pytest.approx(1)
    assert picture["truth"] == int(sample_of(prepared, "train", 0).target())


def test_an_own_block_is_shown_as_a_whole(resnet: tuple[Project, Prepared]) -> None:
    project, prepared = resnet
    inner = {
        "nodes": [
            {"id": "x", "kind": "tensor_input.v1", "parameters": {"shape": [-1, -1, -1]}},
            {"id": "conv", "kind": "conv2d.v1", "parameters": {"filters": 8, "padding": "same"}},
            {"id": "y", "kind": "output.v1"},
        ],
        "edges": [{"source": "x", "target": "conv"}, {"source": "conv", "target": "y"}],
    }
    pair = {"id": "pair", "kind": "own.pair", "parameters": {"repeat": 2}}
    graph = Graph.from_json(
        {
            "nodes": [{"id": "input", "kind": "input.v1"}, pair],
            "edges": [{"source": "input", "target": "pair"}],
            "definitions": {"own.pair": {"label": "Pair", "graph": inner}},
        }
    )
    found = results(graph, prepared)
    answer = shown(graph, prepared)
    assert list(answer["blocks"]) == ["input", "pair"]
    (output,) = answer["blocks"]["pair"]["outputs"]
    assert output["shape"] == [32, 32, 8]
    last = sample_of(prepared, "train", 0)
    assert last.row != sample_of(prepared, "test", 0).row and "pair_2_conv" in found
    assert answer["computed"] == ["input", "pair_1_conv", "pair_2_conv"]


def test_a_model_that_is_too_large_is_refused_in_words(resnet: tuple[Project, Prepared]) -> None:
    project, prepared = resnet
    graph = changed(project.model, "output", "hidden_units", 65_000)
    graph = graph.edited([{"op": "add_node", "node": {"id": "wide", "kind": "dense.v1", "parameters": {}}}])
    graph = changed(graph, "wide", "units", 65_000)
    for edge in graph.incoming("output"):
        graph = graph.edited([{"op": "remove_edge", "edge": edge.to_json()}])
    graph = graph.edited(
        [
            {"op": "add_edge", "edge": {"source": "pool", "target": "wide"}},
            {"op": "add_edge", "edge": {"source": "wide", "target": "output"}},
        ]
    )
    with pytest.raises(BuilderError, match="The preview runs models of at most"):
        Previewer().preview(graph, prepared)


def test_shared_layers_have_the_same_weights(resnet: tuple[Project, Prepared]) -> None:
    _, prepared = resnet
    conv = {"filters": 3, "padding": "same"}
    graph = Graph.from_json(
        {
            "nodes": [
                {"id": "input", "kind": "input.v1"},
                {"id": "one", "kind": "conv2d.v1", "parameters": conv},
                {"id": "other", "kind": "conv2d.v1", "parameters": conv, "shared_with": "one"},
            ],
            "edges": [{"source": "input", "target": "one"}, {"source": "input", "target": "other"}],
        }
    )
    found = results(graph, prepared)
    assert np.array_equal(found["one"].outputs["output"].array, found["other"].outputs["output"].array)
