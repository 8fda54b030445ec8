"""Opened models are the same models: equal configurations, and outputs equal to the last bit."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from alike import mostly_rare
from saved_models import MODELS, arrays_for, changed, masked, small_file, with_layer

from builder.blocks.weightless import without_weights
from builder.compiler import build_free, infer
from builder.compiler.model import model_name
from builder.graph import Graph
from builder.importer import build_opened, open_config, open_keras, weights_by_layer
from builder.importer.comparison import differences
from builder.importer.saved import read_model
from builder.own_blocks import OUTPUT
from builder.project import load_preset

# One of each family; the others differ from it in numbers only. benchmarks/applications.py opens all of them.
RUN = (
    "ConvNeXtTiny",
    "DenseNet121",
    "EfficientNetB0",
    "EfficientNetV2B0",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Small",
    "NASNetMobile",
    "ResNet50",
    "ResNet50V2",
    "Xception",
)


ALWAYS = ("ConvNeXtTiny", "MobileNetV2")


def same_outputs(one: keras.Model, other: keras.Model) -> None:
    arrays = arrays_for(one)
    before = [np.asarray(value) for value in keras.tree.flatten(one(arrays))]
    after = [np.asarray(value) for value in keras.tree.flatten(other(arrays))]
    assert len(before) == len(after)
    for first, second in zip(before, after, strict=True):
        np.testing.assert_array_equal(first, second)


def saved(model: keras.Model) -> dict:
    return json.loads(json.dumps(keras.saving.serialize_keras_object(model)))


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_a_model_comes_back_equal(make, tmp_path: Path) -> None:
    model = make()
    file = tmp_path / "model.keras"
    model.save(file)
    opened = open_keras(file)
    assert opened.differing == ()
    assert opened.parameters == model.count_params()
    assert Graph.from_json(json.loads(json.dumps(opened.graph.to_json()))) == opened.graph
    built = build_opened(file)
    assert [layer.name for layer in built.layers] == [layer.name for layer in model.layers]
    assert len(built.trainable_weights) == len(model.trainable_weights)
    same_outputs(model, built)


@pytest.mark.parametrize("name", mostly_rare([*RUN, "InceptionResNetV2", "VGG16"], ALWAYS))
@pytest.mark.slow
def test_an_application_has_an_equal_configuration(name: str) -> None:
    with without_weights():
        model = getattr(keras.applications, name)(weights=None)
        config = saved(model)
    opened = open_config(config, name)
    assert opened.differing == ()
    assert opened.parameters == model.count_params()
    assert len({node.position for node in opened.graph.nodes}) == len(opened.graph.nodes)
    again = open_config(_rebuilt(opened.graph), name)
    assert again.graph == opened.graph


def _rebuilt(graph: Graph) -> dict:
    with without_weights():
        return saved(build_free(graph, "again"))


@pytest.mark.parametrize("name", mostly_rare(RUN, ALWAYS))
@pytest.mark.slow
def test_an_application_gives_equal_outputs(name: str) -> None:
    size = 75 if name in ("InceptionV3", "Xception") else 64 if "NASNet" in name else 32
    shape = (size, size, 3)
    make = getattr(keras.applications, name)
    model = make(weights=None, include_top=False, pooling="avg", input_shape=shape)
    built = build_free(open_config(saved(model), name).graph, name)
    built.set_weights(model.get_weights())
    same_outputs(model, built)


@pytest.mark.parametrize("preset", ["images/cnn", "images/resnet"])
def test_the_model_of_a_preset_opens_as_it_was(preset: str, tmp_path: Path) -> None:
    from graph_cases import image_spec

    from builder.compiler import build

    model = build(load_preset(preset), image_spec(28, 1, 10))
    model.save(tmp_path / "model.keras")
    opened = open_keras(tmp_path / "model.keras")
    assert opened.differing == ()
    same_outputs(model, build_opened(tmp_path / "model.keras"))


def test_masks_that_keras_hands_on_are_no_blocks(tmp_path: Path) -> None:
    model = masked()
    model.save(tmp_path / "model.keras")
    kinds = [node.kind for node in open_keras(tmp_path / "model.keras").graph.nodes]
    assert "operation.v1" not in kinds and kinds[-1] == OUTPUT


def test_a_sequential_model_opens_as_a_functional_one(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    model.save(tmp_path / "model.keras")
    opened = open_keras(tmp_path / "model.keras")
    assert opened.differing == () and len(opened.notes) == 2
    same_outputs(model, build_opened(tmp_path / "model.keras"))


def test_a_free_input_takes_the_data_by_one_click(tmp_path: Path) -> None:
    from graph_cases import image_spec

    entry = keras.Input((8, 8, 3))
    flat = keras.layers.Flatten()(entry)
    keras.Model(entry, keras.layers.Dense(3, "softmax")(flat)).save(tmp_path / "model.keras")
    graph = open_keras(tmp_path / "model.keras").graph
    problems = infer(graph.to_json(), image_spec().to_json())["problems"]
    (problem,) = [problem for problem in problems if problem["code"] == "free_input"]
    mended = graph.edited(problem["repair"]["edits"])
    after = infer(mended.to_json(), image_spec().to_json())
    assert [problem for problem in after["problems"] if problem["severity"] == "error"] == []


def test_weights_are_told_by_layer(tmp_path: Path) -> None:
    file = small_file(tmp_path)
    kernel, bias = weights_by_layer(file)["dense"]
    np.testing.assert_array_equal(kernel, keras.models.load_model(file).get_layer("dense").kernel)
    assert bias.shape == (3,)


def test_a_difference_is_seen(tmp_path: Path) -> None:
    file = small_file(tmp_path)
    import zipfile

    def model_in(path: Path):
        with zipfile.ZipFile(path) as archive:
            return read_model(json.loads(archive.read("config.json")), path.name)

    other = with_layer(file, tmp_path / "other.keras", config={"use_bias": False})
    same = changed(file, tmp_path / "same.keras")
    assert differences(model_in(file), model_in(other)) == ["dense"]
    assert differences(model_in(file), model_in(same)) == []
    assert model_name("Any Name") == "any_name"
