"""The preflight of exports: what converts, what stays float, what fails, at which block, and how large."""

from __future__ import annotations

from functools import cache as kept
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from graph_cases import chain

from builder.compiler import build, sound_analysis
from builder.compiler.figures.layers import layer_figures
from builder.compiler.figures.tflite_size import tflite_bytes
from builder.data.packed_words import packed_bytes
from builder.data.prepare import Prepared, prepare
from builder.export import quantize
from builder.export.flatbuffer_model import opened_model
from builder.export.job import Job
from builder.export.preflight import FORMATS_TRIED, convertibility
from builder.export.preflight.owners import Owners, block_of_layers, block_of_path, unsupported
from builder.export.preflight.single_blocks import block_model
from builder.export.preflight.verdicts import block_verdicts
from builder.export.process import Answer, run_formats
from builder.export.tflite import float32
from builder.graph import Graph
from builder.project import DataRecipe, Project, load_preset

# An estimate may be off by this share of the file, or by this many bytes for a small file.
SIZE_TOLERANCE, SMALL_FILE_BYTES = 0.06, 4_000


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prepared")


def preflight_of(project: Project, cache: Path) -> dict[str, Any]:
    prepared = prepare(project.data, cache)
    ids = [node.id for node in project.model.nodes]
    told: list[float] = []
    answer = convertibility(
        build(project, prepared.spec), project, prepared, ids, lambda share, words: told.append(share)
    )
    assert told == sorted(told) and told[-1] == 1.0
    return answer


@kept
def of_preset(name: str, cache: Path) -> dict[str, Any]:
    return preflight_of(load_preset(name), cache)


def digits(graph: Graph) -> Project:
    return Project("Digits", DataRecipe({"kind": "sample", "name": "digits"}, task="classification"), graph)


FILM = digits(
    chain(
        ("picture", "input.v1"),
        ("film", "reshape.v1", {"target_shape": [32, 8, 4, 1]}),
        ("conv", "conv3d.v1", {"filters": 4, "activation": "relu"}),
        ("shrink", "max_pooling3d.v1"),
        ("flat", "flatten.v1"),
        ("head", "classification_head.v1"),
    )
)


def test_a_convolutional_model_converts_whole_and_grows_as_its_kind_of_numbers(cache: Path) -> None:
    answer = of_preset("images/cnn", cache)
    assert [item["format"] for item in answer["formats"]] == list(FORMATS_TRIED)
    assert all(item["problem"] is None for item in answer["formats"])
    full, half, dynamic, whole = (item["bytes"] for item in answer["formats"])
    assert full > half > whole > dynamic > 90_000
    assert {verdict["int8"] for verdict in answer["blocks"].values()} == {"full"}
    assert set(answer["blocks"]) == {node.id for node in load_preset("images/cnn").model.nodes}


def test_a_recurrent_block_stays_float_inside_and_is_told_by_name(cache: Path) -> None:
    blocks = of_preset("text/lstm", cache)["blocks"]
    assert blocks["lstm"]["int8"] == "float"
    assert "WHILE" in blocks["lstm"]["operators"]
    assert "loop over its steps" in blocks["lstm"]["words"]
    assert {blocks[name]["int8"] for name in ("input", "embedding", "output")} == {"full"}


def test_an_operator_that_tflite_lacks_is_told_with_its_block(cache: Path) -> None:
    answer = preflight_of(FILM, cache)
    verdict = answer["blocks"]["shrink"]
    assert (verdict["tflite"], verdict["int8"], verdict["operators"]) == ("no", "no", ["MaxPool3D"])
    assert "Flex" in verdict["words"]
    assert {answer["blocks"][name]["tflite"] for name in ("conv", "flat", "head")} == {"yes"}
    assert all(item["bytes"] is None and item["problem"] for item in answer["formats"])
    assert answer["formats"][0]["problem"]["block"] == "shrink"


@pytest.mark.parametrize("name", ["images/cnn", "text/lstm", "tabular/mlp_regression"])
def test_the_estimated_sizes_are_near_those_of_the_files(name: str, cache: Path) -> None:
    project = load_preset(name)
    spec = prepare(project.data, cache).spec
    analysis = sound_analysis(project, spec)
    layers = [layer for outcome in analysis.outcomes.values() for layer in outcome.layers]
    real = {item["format"]: item["bytes"] for item in of_preset(name, cache)["formats"]}
    for kind, estimate in tflite_bytes(layers, packed_bytes(spec)).items():
        size = real[f"tflite_{kind}"]
        assert abs(estimate - size) <= max(SIZE_TOLERANCE * size, SMALL_FILE_BYTES), kind


@pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`:UserWarning")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_scales_of_8_bits_are_as_many_as_the_file_has() -> None:
    inputs = keras.Input((6, 6, 3), name="image")
    x = keras.layers.Conv2D(5, 3)(inputs)
    x = keras.layers.Conv2DTranspose(4, 3)(x)
    x = keras.layers.DepthwiseConv2D(3, depth_multiplier=2)(x)
    x = keras.layers.Reshape((16, 8))(keras.layers.SeparableConv2D(8, 3, padding="same")(x))
    x = keras.layers.MultiHeadAttention(3, 2, value_dim=4)(x, x)
    model = keras.Model(inputs, keras.layers.Dense(7)(x))
    content = float32(model)
    samples = [{"image": np.random.default_rng(1).random((1, 6, 6, 3), np.float32)}]
    rounder = quantize.Rounder(content, quantize.traits_of(model, content, regression=False), samples)
    [graph] = opened_model(rounder.int8()).subgraphs
    # Kernels have several axes; what is computed has one scale for all.
    kernels = [tensor for tensor in graph.tensors if tensor.quantization and len(tensor.shape) > 1]
    scales = [len(tensor.quantization.scale) for tensor in kernels if tensor.quantization.scale is not None]
    found = {layer.kind: layer.channels for layer in layer_figures(model, "") if layer.channels}
    assert found == {
        "Conv2D": 5,
        "Conv2DTranspose": 4,
        "DepthwiseConv2D": 8,
        "SeparableConv2D": 8 + 8,
        "MultiHeadAttention": 6 + 6 + 12 + 8,
        "Dense": 7,
    }
    assert sum(found.values()) == sum(count for count in scales if count > 1)


def test_what_the_export_leaves_in_floats_on_purpose_is_told_so(cache: Path) -> None:
    blocks = of_preset("tabular/mlp_regression", cache)["blocks"]
    assert "on purpose" in blocks["input"]["words"]
    assert "on purpose" in blocks["output"]["words"]
    assert blocks["dense_1"]["int8"] == "full"


def test_where_nothing_names_the_block_each_is_tried_by_itself(cache: Path, tmp_path: Path) -> None:
    prepared = prepare(FILM.data, cache)
    model_file = tmp_path / "untrained.keras"
    build(FILM, prepared.spec).save(model_file)
    job = Job(str(model_file), FILM.to_json(), str(prepared.folder), str(tmp_path), FORMATS_TRIED)
    job.write(tmp_path / "job.json")
    steps = [f"block:tflite_float32:{name}" for name in ("conv", "shrink", "head")]
    singles = run_formats(
        "builder.export.preflight.worker",
        tmp_path / "job.json",
        steps,
        lambda name: None,
        label=lambda name: name,
    )
    unnamed = {"problem": {"message": "The conversion failed.", "block": None}, "unsupported": []}
    answers = {name: Answer(result=unnamed) for name in FORMATS_TRIED}
    blocks = block_verdicts(["conv", "shrink", "head"], answers, singles)
    assert {name: verdict["tflite"] for name, verdict in blocks.items()} == {
        "conv": "yes",
        "shrink": "no",
        "head": "yes",
    }
    assert blocks["shrink"]["operators"] == ["MaxPool3D"]


def test_a_converter_that_breaks_down_on_int8_leaves_the_other_verdicts() -> None:
    answers = {name: Answer(result={"bytes": 1000, "note": ""}) for name in FORMATS_TRIED[:3]}
    answers["tflite_int8"] = Answer(result={"bytes": None, "unsupported": [], "problem": {"message": "No."}})
    failed = {"bytes": None, "unsupported": [], "problem": {"message": "Nothing to calibrate."}}
    singles = {
        "block:tflite_int8:one": Answer(result={"bytes": 10}),
        "block:tflite_int8:two": Answer(result=failed),
    }
    blocks = block_verdicts(["one", "two"], answers, singles)
    assert (blocks["one"]["int8"], blocks["two"]["int8"], blocks["two"]["tflite"]) == ("full", "no", "yes")
    assert "Nothing to calibrate." in blocks["two"]["words"]


MESSAGE = """
<unknown>:0: error: loc(callsite(fused["Erf:", "functional_1/smooth_1/Erf@__inference_endpoint_179"] at \
callsite(fused["StatefulPartitionedCall:", "StatefulPartitionedCall"]))): \
'tf.Erf' op is neither a custom op nor a flex op
<unknown>:0: note: loc(fused["Erf:", "functional_1/smooth_1/Erf@__inference_endpoint_1"]): see operation
TF Select ops: Erf, MaxPool3D
Details:
\ttf.Erf(tensor<1x8xf32>) -> (tensor<1x8xf32>) : {device = ""}
\ttf.MaxPool3D(tensor<1x8x8x8x4xf32>) -> (tensor<1x4x4x4x4xf32>) : {data_format = "NDHWC"}
"""


def test_every_operator_of_the_converters_message_is_found() -> None:
    assert unsupported(MESSAGE, {"smooth": "smooth"}) == [("Erf", "smooth"), ("MaxPool3D", None)]


def test_fused_names_and_numbered_calls_lead_to_their_block() -> None:
    layers = {"encoder_attention": "encoder", "dense_1": "dense_1", "dense": "dense"}
    assert block_of_path("functional_1/encoder_attention_1/query/einsum", layers) == "encoder"
    assert block_of_path("functional_1/dense_1/BiasAdd", layers) == "dense"
    assert block_of_path("functional_1/dense_1_2/BiasAdd", layers) == "dense_1"
    assert block_of_path("m/dense_1/Relu;m/dense_3/MatMul", layers) == "dense"
    assert block_of_path("StatefulPartitionedCall_1:0", layers) is None


def test_names_lead_to_the_layers_inside_of_a_block() -> None:
    layers = {"encoder_attention": "encoder", "backbone": "backbone", "dense": "dense"}
    owners = Owners(layers, ("encoder_attention", "query", "stem_conv", "stem_norm"), ("dense",))
    assert owners.part("m/encoder_attention_1/query_1/einsum") == "encoder/encoder_attention/query"
    assert owners.part("m/backbone_1/stem_conv_1/c;m/backbone_1/stem_norm_1/sub") == "backbone/stem_norm"
    assert owners.part("m/backbone_1/truediv") == "backbone" and owners.part("m/dense_1/Relu") == "dense"
    assert owners.part("StatefulPartitionedCall_1:0") is None


def test_a_block_is_cut_out_of_the_model_with_its_own_layers(cache: Path) -> None:
    project = load_preset("images/resnet")
    prepared: Prepared = prepare(project.data, cache)
    model = build(project, prepared.spec)
    layers = block_of_layers(project, prepared.spec)
    part = block_model(model, "residual_2", layers)
    assert part is not None
    names = {layer.name for layer in part.layers if layer.name in layers}
    assert names == {name for name, block in layers.items() if block == "residual_2"}
    assert part.output.shape[1:] == (16, 16, 32)
