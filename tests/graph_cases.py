"""Small data specifications and graphs for the tests of blocks, compiler and script generator."""

from __future__ import annotations

from typing import Any

import numpy as np

from builder.blocks import registry
from builder.blocks.latent_input import LATENT
from builder.compiler import infer
from builder.data.spec import ArraySpec, DataSpec, ModelInput
from builder.graph import Edge, Graph, Node
from builder.own_blocks import FREE_INPUT
from builder.project import DataRecipe, Project

# What can stand in a project with data; free inputs belong to own blocks and opened models, noise to
# generators.
KINDS = [kind for kind in registry() if kind not in (FREE_INPUT, LATENT)]
VOCABULARY = ["", "[UNK]", *(f"word{number}" for number in range(28))]
STEPS = 6


def image_spec(size: int = 8, channels: int = 3, classes: int = 3) -> DataSpec:
    """Return a specification of small pictures."""
    array = ArraySpec("image", (size, size, channels), "float32")
    settings = {"rescale": True, "height": size, "width": size, "channels": channels}
    return _classified(ModelInput("image", "image", (array,), settings), classes)


def text_spec(classes: int = 2, steps: int = STEPS) -> DataSpec:
    """Return a specification of short texts."""
    settings = {"vocabulary": VOCABULARY, "sequence_length": steps, "column": "message"}
    return _classified(
        ModelInput("text", "text", (ArraySpec("tokens", (steps,), "int32"),), settings), classes
    )


def table_input() -> ModelInput:
    """Return a table input of three numbers and two categories: ten features after encoding."""
    arrays = (ArraySpec("numeric", (3,), "float32"), ArraySpec("categorical", (2,), "int32"))
    settings = {
        "numeric_columns": ["age", "height", "weight"],
        "means": [40.0, 1.7, 70.0],
        "variances": [100.0, 0.04, 120.0],
        "normalize": True,
        "categorical_columns": ["colour", "town"],
        "categories": {"colour": ["red", "green"], "town": ["here", "there", "nowhere"]},
        "offsets": {"colour": 0, "town": 3},
    }
    return ModelInput("features", "table", arrays, settings)


def table_spec(classes: int = 2) -> DataSpec:
    """Return a specification of a table to classify."""
    return _classified(table_input(), classes)


def regression_spec() -> DataSpec:
    """Return a specification of a table with a number to predict."""
    return DataSpec("regression", (table_input(),), (), "price", 200.0, 2500.0)


def mixed_spec() -> DataSpec:
    """Return a specification of a table beside a text."""
    return DataSpec(
        "classification", (*text_spec().inputs, table_input()), ("no", "yes"), target_name="bought"
    )


def _classified(model_input: ModelInput, classes: int) -> DataSpec:
    names = tuple(f"class {number}" for number in range(classes))
    return DataSpec("classification", (model_input,), names, target_name="kind")


def chain(*blocks: tuple[str, str] | tuple[str, str, dict[str, Any]]) -> Graph:
    """Return blocks, given as (id, kind, parameters), connected one after the other."""
    nodes = [Node(block[0], block[1], block[2] if len(block) > 2 else {}) for block in blocks]
    edges = []
    for before, after in zip(nodes, nodes[1:], strict=False):
        block = registry().get(after.kind)
        ports = block.inputs if block else ()
        needed = [port.name for port in ports if not port.optional] or [port.name for port in ports][:1]
        edges += [Edge(before.id, after.id, port) for port in needed or ["input"]]
    return Graph(tuple(nodes), tuple(edges))


def project(graph: Graph, name: str = "Case", **training: Any) -> Project:
    """Return a project around a graph."""
    return Project(name, DataRecipe({"kind": "sample", "name": "digits"}), graph, training)


def arrays_for(spec: DataSpec, rows: int = 3) -> dict[str, np.ndarray]:
    """Return random arrays as the model of a specification takes them."""
    random = np.random.default_rng(0)
    arrays = {}
    for item in spec.inputs:
        for array in item.arrays:
            shape = (rows, *array.shape)
            if array.dtype == "float32":
                arrays[array.name] = random.uniform(0, 255, shape).astype("float32")
            else:
                limit = item.category_count if item.kind == "table" else len(VOCABULARY)
                arrays[array.name] = random.integers(1, limit, shape).astype("int32")
    return arrays


_IMAGE = (("picture", "input.v1"),)
_TABLE = (("table", "input.v1"),)
_SEQUENCE = (("text", "input.v1"), ("embedding", "embedding.v1", {"output_dim": 8}))
_FLAT = {
    "image": (("flat", "flatten.v1"),),
    "volume": (("flat", "flatten.v1"),),
    "unknown": (("flat", "flatten.v1"),),
    "tokens": (("numbers", "embedding.v1", {"input_dim": 100}), ("pool", "global_average_pooling1d.v1")),
    "sequence": (("pool", "global_average_pooling1d.v1"),),
    "vector": (),
}
_HEAD = ("head", "classification_head.v1")
# 8 × 8 × 3 values as a volume.
_VOLUME = (*_IMAGE, ("shaped", "reshape.v1", {"target_shape": [4, 4, 4, 3]}))
# Where a kind needs another shape than its flow's, or settings that fit the small data.
_SHAPES = {
    "permute.v1": [8, 24],
    "conv_lstm1d.v1": [4, 8, 6],
    "conv_lstm2d.v1": [4, 4, 4, 3],
    "conv_lstm3d.v1": [3, 4, 4, 4, 1],
    "mel_spectrogram.v1": [192],
    "stft_spectrogram.v1": [192, 1],
    "discretization.v1": [192],
}
_SUITED: dict[str, dict[str, Any]] = {
    # The exponential of what the next block scores would overflow here.
    "count_head.v1": {"activation": "softplus"},
    "group_normalization.v1": {"groups": 3},
    "repeat_vector.v1": {"n": 3},
    "mel_spectrogram.v1": {"fft_length": 64, "sequence_stride": 32},
    "stft_spectrogram.v1": {"frame_length": 64},
}


def example(kind: str, parameters: dict[str, Any] | None = None) -> tuple[Graph, DataSpec]:
    """Return a small sound graph with a block of a kind, named ``it``, and data for it."""
    block = registry()[kind]
    it = ("it", kind, {**_SUITED.get(kind, {}), **(parameters or {})})
    if kind == "input.v1":
        return chain(("it", kind), ("flat", "flatten.v1"), _HEAD), image_spec()
    if kind == "regression_head.v1":
        return chain(
            ("table", "input.v1"), ("dense", "dense.v1", {"activation": "relu"}), it
        ), regression_spec()
    if kind in ("pretrained_backbone.v1", "keras_hub_backbone.v1"):
        return chain(("picture", "input.v1"), it, _HEAD), image_spec(32)
    if kind == "output.v1":
        return chain(("picture", "input.v1"), ("flat", "flatten.v1"), _HEAD, it), image_spec()
    if kind == "classification_head.v1":
        return chain(("table", "input.v1"), ("dense", "dense.v1", {"activation": "relu"}), it), table_spec()
    if block.inputs[0].variadic and block.inputs[0].accepts[:1] == ("sequence",):
        return _attending(it), text_spec()
    if block.inputs[0].variadic and not block.inputs[0].optional:
        return _joined(it), table_spec()
    flow = (*block.inputs[0].accepts, "image")[0]
    starts = {
        "image": (_IMAGE, image_spec()),
        "volume": (_VOLUME, image_spec()),
        "sequence": (_SEQUENCE, text_spec()),
        "tokens": (_SEQUENCE[:1], text_spec()),
        "vector": (_TABLE, table_spec()),
    }
    start, spec = starts[flow]
    if kind in _SHAPES:
        start, spec = (*_IMAGE, ("shaped", "reshape.v1", {"target_shape": _SHAPES[kind]})), image_spec()
    return _ended((*start, it), spec), spec


def _joined(it: tuple[str, str, dict[str, Any]]) -> Graph:
    dense = {"units": 10, "activation": "relu"}
    nodes = (
        Node("table", "input.v1"),
        Node("dense", "dense.v1", dense),
        Node(it[0], it[1], it[2]),
        Node("head", "classification_head.v1"),
    )
    edges = (
        Edge("table", "dense"),
        Edge("table", "it", "inputs"),
        Edge("dense", "it", "inputs"),
        Edge("it", "head"),
    )
    return Graph(nodes, edges)


def _attending(it: tuple[str, str, dict[str, Any]]) -> Graph:
    nodes = [Node(*block) for block in (*_SEQUENCE, it, *_FLAT["sequence"], _HEAD)]
    edges = [
        Edge("text", "embedding"),
        Edge("embedding", "it", "inputs"),
        Edge("embedding", "dense"),
        Edge("dense", "it", "inputs"),
        Edge("it", "pool"),
        Edge("pool", "head"),
    ]
    return Graph((*nodes, Node("dense", "dense.v1", {"units": 8})), tuple(edges))


def _ended(blocks: tuple[Any, ...], spec: DataSpec) -> Graph:
    told = infer(chain(*blocks).to_json(), spec.to_json())["nodes"]["it"]
    if len(told["outputs"]) > 1:
        return _all_read(chain(*blocks), {port: item["flow"] for port, item in told["outputs"].items()})
    return chain(*blocks, *_FLAT[told["flow"]], _HEAD)


def _all_read(graph: Graph, flows: dict[str, str]) -> Graph:
    """Return the graph with every output of ``it`` flattened and read by the head."""
    nodes, edges = list(graph.nodes), list(graph.edges)
    for port, flow in flows.items():
        ((_, kind),) = _FLAT[flow] or (("same", "activation.v1"),)
        nodes.append(Node(f"flat_{port}", kind))
        edges.append(Edge("it", f"flat_{port}", source_port=port))
        edges.append(Edge(f"flat_{port}", "joined", "inputs"))
    nodes += [Node("joined", "concatenate.v1"), Node(*_HEAD)]
    return Graph(tuple(nodes), (*edges, Edge("joined", "head")))
