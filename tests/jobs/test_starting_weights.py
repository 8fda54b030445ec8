"""The weights that a project names: of a file that somebody made, of a backbone, or none to be had."""

import sys
import zipfile
from dataclasses import replace

import keras
import numpy as np
import pytest
from graph_cases import chain, image_spec, project

from builder.blocks import keras_hub_backbone
from builder.compiler import build, check
from builder.errors import BuilderError
from builder.jobs.starting_weights import start_with_weights
from builder.runs.workspace import default_workspace

GRAPH = chain(
    ("picture", "input.v1"),
    ("conv", "conv2d.v1", {"filters": 4}),
    ("flat", "flatten.v1"),
    ("head", "classification_head.v1"),
)


def started(given, spec=None):
    """Return a fresh model of a project after its start, and what was told."""
    told = []
    spec = spec or image_spec()
    model = build(given, spec)
    start_with_weights(
        model, given, spec, default_workspace(), lambda kind, words: told.append((kind, words))
    )
    return model, told


def test_a_saved_model_lends_its_weights(tmp_path):
    source = build(project(GRAPH), image_spec())
    source.save(tmp_path / "theirs.keras")
    model, told = started(project(GRAPH, initial_weights=f"file:{tmp_path / 'theirs.keras'}"))
    for found, wanted in zip(model.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert told == [("started_from", "2 of 2 layers with weights start from the file theirs.keras.")]


def test_a_file_with_code_in_it_is_refused(tmp_path):
    tensor = keras.Input((4,))
    hostile = keras.Model(tensor, keras.layers.Lambda(lambda x: x + 1)(tensor))
    hostile.save(tmp_path / "hostile.keras")
    with pytest.raises(BuilderError, match="Lambda"):
        started(project(GRAPH, initial_weights=f"file:{tmp_path / 'hostile.keras'}"))


def test_a_broken_file_is_refused_in_words(tmp_path):
    with zipfile.ZipFile(tmp_path / "broken.keras", "w") as archive:
        archive.writestr("config.json", "{")
    with pytest.raises(BuilderError):
        started(project(GRAPH, initial_weights=f"file:{tmp_path / 'broken.keras'}"))


def backbone_project(weights):
    graph = chain(
        ("picture", "input.v1"),
        ("vision", "pretrained_backbone.v1", {"architecture": "MobileNetV3Small", "weights": weights}),
        ("head", "classification_head.v1"),
    )
    return project(graph)


def test_a_backbone_starts_with_the_weights_of_its_file_and_keeps_them(tmp_path):
    spec = image_spec(32)
    source = keras.applications.MobileNetV3Small(include_top=False, weights=None, input_shape=(32, 32, 3))
    path = str(tmp_path / "vision.weights.h5")
    source.save_weights(path)
    model, told = started(backbone_project(path), spec)
    for found, wanted in zip(model.get_layer("vision").get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert {weight.path.split("/")[0] for weight in model.trainable_weights} == {"head"}
    assert told[0][1] == f"Loading the weights '{path}' of MobileNetV3Small"


def test_a_missing_weights_file_is_told_at_its_block(tmp_path):
    with pytest.raises(BuilderError) as refused:
        started(backbone_project(str(tmp_path / "gone.weights.h5")), image_spec(32))
    (problem,) = refused.value.problems
    assert (problem.code, problem.block, problem.field) == ("weights_unusable", "vision", "weights")


def test_weights_stay_out_of_the_shapes(tmp_path):
    given = backbone_project(str(tmp_path / "gone.weights.h5"))
    frozen = replace(
        given, model=given.model.edited([{"op": "set_node", "id": "vision", "changes": {"frozen": True}}])
    )
    assert build(frozen, image_spec(32)).output_shape == (None, 3)


TINY_VIT = {"patch_size": 16, "num_layers": 1, "num_heads": 2, "hidden_dim": 16, "mlp_dim": 32}


def keras_hub_project(weights, **values):
    graph = chain(
        ("picture", "input.v1"),
        ("vision", "keras_hub_backbone.v1", {"weights": weights, **values}),
        ("head", "classification_head.v1"),
    )
    return project(graph)


@pytest.fixture
def vit(monkeypatch):
    """A Vision Transformer small enough for a test, in the place of the large one."""
    name = "vit_base_patch16_224_imagenet"
    monkeypatch.setitem(keras_hub_backbone.ARCHITECTURES, name, ("ViTBackbone", TINY_VIT))
    return name


@pytest.fixture
def source(vit):
    family, design = keras_hub_backbone.ARCHITECTURES[vit]
    network = keras_hub_backbone.keras_hub_network(family, design, (32, 32, 3))
    for weight in network.weights:
        weight.assign(weight + 0.5)
    return network


@pytest.mark.parametrize("form", ["preset", "weights.h5", "keras"])
def test_a_keras_hub_backbone_takes_the_weights_of_a_folder_or_a_file(form, vit, source, tmp_path):
    path = str(tmp_path / f"vision.{form}")
    save = {"preset": source.save_to_preset, "keras": source.save}.get(form, source.save_weights)
    save(path)
    model, _ = started(keras_hub_project(path, architecture=vit), image_spec(32))
    for found, wanted in zip(model.get_layer("vision").get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert {weight.path.split("/")[0] for weight in model.trainable_weights} == {"head"}


def test_lora_learns_beside_loaded_weights_and_is_saved_within_them(vit, source, tmp_path):
    path = str(tmp_path / "vision.weights.h5")
    source.save_weights(path)
    model, _ = started(keras_hub_project(path, architecture=vit, lora_rank=2), image_spec(32))
    vision = model.get_layer("vision")
    kept = [weight for weight in vision.weights if "lora" not in weight.name]
    for found, wanted in zip(kept, source.get_weights(), strict=True):
        np.testing.assert_array_equal(np.asarray(found), wanted)
    learning = {weight.name for weight in vision.trainable_weights}
    assert learning == {"lora_kernel_a", "lora_kernel_b", "bias"}
    picture = np.random.default_rng(1).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    for weight in vision.trainable_weights:
        weight.assign(weight + 0.1)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_allclose(again.predict([picture]), model.predict([picture]), atol=1e-6)


def test_lora_is_refused_where_there_is_no_attention():
    (problem,) = check(keras_hub_project("none", lora_rank=4), image_spec(32))
    assert problem.block == "vision" and "lora_rank to 0" in problem.message


def test_without_keras_hub_the_block_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    # A size that no earlier test has asked for: shapes are remembered.
    (problem,) = check(keras_hub_project("none"), image_spec(48))
    assert problem.block == "vision" and "pip install keras-hub" in problem.message


def test_published_weights_that_cannot_be_fetched_are_told_at_their_block(monkeypatch):
    def no_answer(*_, **__):
        raise ConnectionError("Max retries exceeded with url: /v1/models")

    monkeypatch.setattr("keras_hub.models.ResNetBackbone.from_preset", no_answer)
    with pytest.raises(BuilderError, match="this machine cannot reach") as refused:
        started(keras_hub_project("imagenet"), image_spec(32))
    (problem,) = refused.value.problems
    assert (problem.code, problem.block, problem.field) == ("weights_offline", "vision", "weights")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(keras_hub_backbone.ARCHITECTURES))
def test_the_networks_are_those_that_keras_hub_publishes(name):
    import keras_hub

    family, design = keras_hub_backbone.ARCHITECTURES[name]
    with keras.StatelessScope(initialize_variables=False):
        network = keras_hub_backbone.keras_hub_network(family, design, (224, 224, 3))
    published = getattr(keras_hub.models, family).presets[name]["metadata"]["params"]
    assert network.count_params() == published
