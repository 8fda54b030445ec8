"""A generated script builds the same model as the builder."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from graph_cases import (
    arrays_for,
    chain,
    example,
    image_spec,
    mixed_spec,
    project,
    regression_spec,
    table_spec,
    text_spec,
)

from builder.blocks import registry
from builder.codegen import companion_files, script
from builder.compiler import build
from builder.data.spec import DataSpec
from builder.errors import BuilderError
from builder.graph import Edge, Graph, Node
from builder.project import Project, load_preset

# TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

RUFF = shutil.which("ruff", path=str(Path(sys.executable).parent))


def executed(project: Project, spec: DataSpec, folder: Path) -> dict[str, Any]:
    """Return the names that a generated script defines; its ``main`` is not run."""
    for name, text in companion_files(spec).items():
        (folder / name).write_text(text, encoding="utf-8")
    file = folder / "script.py"
    file.write_text(script(project, spec), encoding="utf-8")
    names: dict[str, Any] = {"__name__": "generated", "__file__": str(file)}
    exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), names)
    return names


def comparable(model: keras.Model) -> Any:
    """Return the configuration without what a script cannot share.

    That is the module of a carried class, and the number in the name of an operation that no block
    names: the comparison behind a mask, which Keras counts through the whole process.
    """
    written = json.dumps(model.get_config(), default=str)
    config = json.loads(re.sub(r"not_equal_\d+", "not_equal", written))
    for layer in config["layers"]:
        layer["module"] = None
    return config


def assert_same(project: Project, spec: DataSpec, folder: Path) -> None:
    """Build both ways and compare configuration, weights' shapes and outputs, bit by bit."""
    built = build(project, spec)
    generated = executed(project, spec, folder)["build_model"]()
    assert comparable(generated) == comparable(built)
    generated.set_weights(built.get_weights())
    arrays = arrays_for(spec)
    inputs = [arrays[tensor.name] for tensor in built.inputs]
    np.testing.assert_array_equal(np.asarray(generated(inputs)), np.asarray(built(inputs)))


@pytest.mark.parametrize("kind", list(registry()))
def test_the_script_of_every_block_builds_the_same_model(kind: str, tmp_path: Path) -> None:
    graph, spec = example(kind)
    assert_same(project(graph), spec, tmp_path)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (
            "conv2d.v1",
            {
                "strides": [2, 2],
                "padding": "same",
                "use_bias": False,
                "kernel_regularizer": 0.001,
                "activation": "gelu",
            },
        ),
        ("conv1d.v1", {"padding": "causal", "dilation_rate": 2, "kernel_initializer": "he_normal"}),
        ("bidirectional.v1", {"layer": "gru", "units": 4, "merge_mode": "sum", "return_sequences": True}),
        ("multi_head_attention.v1", {"num_heads": 2, "key_dim": 4, "use_causal_mask": True, "dropout": 0.1}),
        ("residual_block.v1", {"filters": 4, "strides": 2}),
        ("convolution_block.v1", {"normalization": "layer", "pool": "average", "dropout": 0.2}),
        ("transformer_encoder.v1", {"normalization": "pre", "num_heads": 2, "key_dim": 4}),
        ("lstm_stack.v1", {"units": 4, "depth": 3, "bidirectional": True}),
        ("regression_head.v1", {"hidden_units": 5, "dropout": 0.1, "scale": 2.0}),
        ("max_pooling2d.v1", {"pool_size": [3, 3], "strides": [1, 2], "padding": "same"}),
    ],
)
def test_settings_reach_the_script(kind: str, parameters: dict[str, Any], tmp_path: Path) -> None:
    graph, spec = example(kind, parameters)
    assert_same(project(graph), spec, tmp_path)


def test_masked_text_beside_a_table_builds_the_same_model(tmp_path: Path) -> None:
    nodes = (
        Node("text", "input.v1", {"source": "text"}),
        Node("features", "input.v1", {"source": "features"}),
        Node("embedding", "embedding.v1", {"output_dim": 4, "mask_zero": True}),
        Node("lstm", "lstm.v1", {"units": 4}),
        Node("concatenate", "concatenate.v1"),
        Node("output", "classification_head.v1", {"activation": "sigmoid"}),
    )
    edges = (
        Edge("text", "embedding"),
        Edge("embedding", "lstm"),
        Edge("lstm", "concatenate", "inputs"),
        Edge("features", "concatenate", "inputs"),
        Edge("concatenate", "output"),
    )
    assert_same(project(Graph(nodes, edges)), mixed_spec(), tmp_path)


def test_blocks_may_bear_the_names_of_functions_modules_and_keywords(tmp_path: Path) -> None:
    graph = chain(
        ("input", "input.v1"),
        ("layers", "convolution_block.v1", {"filters": 4}),
        ("residual_block", "residual_block.v1", {"filters": 4}),
        ("residual_block_", "residual_block.v1", {"filters": 4}),
        ("lambda", "flatten.v1"),
        ("classification_head", "classification_head.v1"),
    )
    assert_same(project(graph, "The 'best' \"model\""), image_spec(), tmp_path)


PRESETS = {
    "images/cnn": image_spec(28, 1, 10),
    "images/resnet": image_spec(28, 1, 10),
    "text/transformer": text_spec(),
    "text/lstm": text_spec(),
    "tabular/mlp_classification": table_spec(),
    "tabular/mlp_regression": regression_spec(),
}


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_script_of_a_preset_builds_the_same_model(name: str, tmp_path: Path) -> None:
    assert_same(load_preset(name), PRESETS[name], tmp_path)


@pytest.mark.skipif(RUFF is None, reason="the formatter is a development tool")
def test_scripts_are_written_as_a_formatter_would(tmp_path: Path) -> None:
    long_names = ("conv_" + "very_" * 9 + "long", "conv_" + "very_" * 10 + "long")
    graph = chain(
        ("picture", "input.v1"),
        (
            long_names[0],
            "conv2d.v1",
            {"padding": "same", "activation": "relu", "kernel_initializer": "he_normal"},
        ),
        (long_names[1], "residual_block.v1", {"strides": 2, "activation": "leaky_relu"}),
        ("flat", "flatten.v1"),
        ("head", "classification_head.v1"),
    )
    cases = [(project(graph, schedule="step", warmup_epochs=1), image_spec(classes=40))]
    cases += [(load_preset(name), spec) for name, spec in PRESETS.items()]
    cases.append(
        (project(example("regression_head.v1")[0], loss="huber", optimizer="sgd"), regression_spec())
    )
    for number, (case, spec) in enumerate(cases):
        (tmp_path / f"script_{number}.py").write_text(script(case, spec), encoding="utf-8")
    command = [str(RUFF), "format", "--isolated", "--line-length", "110", "--diff", str(tmp_path)]
    outcome = subprocess.run(command, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("schedule", ["constant", "cosine", "exponential", "step"])
def test_a_script_trains_as_the_settings_say(schedule: str, tmp_path: Path) -> None:
    graph, spec = example("regression_head.v1")
    settings = {"schedule": schedule, "warmup_epochs": 1, "optimizer": "adamw", "clip_norm": 1.0, "epochs": 4}
    names = executed(project(graph, **settings), spec, tmp_path)
    model = names["build_model"]()
    names["compile_model"](model, steps_per_epoch=10)
    assert isinstance(model.optimizer, keras.optimizers.AdamW)
    assert model.optimizer.global_clipnorm == 1.0
    assert float(model.optimizer.learning_rate) == pytest.approx(0.0001)


def test_a_script_reads_a_table_trains_and_saves(tmp_path: Path, monkeypatch, capsys) -> None:
    random = np.random.default_rng(1)
    rows = [
        f"{random.integers(20, 60)},1.{number % 9},{60 + number % 20},red,here,class {number % 2}"
        for number in range(60)
    ]
    header = "age,height,weight,colour,town,kind"
    (tmp_path / "data.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    case = project(example("classification_head.v1")[0], epochs=1, class_weights="balanced")
    names = executed(case, table_spec(), tmp_path)
    saved = tmp_path / "out.keras"
    monkeypatch.setattr(sys, "argv", ["script.py", str(tmp_path / "data.csv"), "--output", str(saved)])
    names["main"]()
    assert "accuracy" in capsys.readouterr().out
    assert keras.saving.load_model(saved).output_shape == (None, 2)


def test_a_script_reads_the_bundled_pictures(tmp_path: Path) -> None:
    samples = Path(__file__).parent.parent / "presets" / "samples"
    names = executed(load_preset("images/cnn"), image_spec(28, 1, 10), tmp_path)
    arrays, targets = names["load_data"](samples / "digits" / "digits.npz")
    assert arrays["image"].shape == (7000, 28, 28, 1)
    assert sorted(set(targets.tolist())) == list(range(10))


def test_a_script_reads_texts_as_the_product_does(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(
        'message,kind\n"Word1, word2!",class 0\nother,class 1\n', encoding="utf-8"
    )
    graph, spec = example("embedding.v1")
    arrays, targets = executed(project(graph), spec, tmp_path)["load_data"](tmp_path / "data.csv")
    assert arrays["tokens"].tolist() == [[3, 4, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]]
    assert targets.tolist() == [0, 1]


def test_a_script_needs_nothing_of_this_program() -> None:
    for kind in registry():
        graph, spec = example(kind)
        assert "builder" not in script(project(graph), spec)


def test_an_unsound_project_has_no_script() -> None:
    with pytest.raises(BuilderError):
        script(project(chain(("picture", "input.v1"), ("head", "classification_head.v1"))), image_spec())
