"""Settings that Keras takes when a model is put together, and refuses only when it runs."""

from typing import Any

import numpy as np
import pytest
from graph_cases import arrays_for, chain, image_spec, project, text_spec

from builder.blocks import registry
from builder.compiler import build, check
from builder.data.spec import DataSpec
from builder.graph import Edge, Graph, Node

IMAGE, TEXT = ("picture", "input.v1"), ("words", "input.v1")
EMBEDDING = ("embedding", "embedding.v1", {"output_dim": 4})
POOL, HEAD = ("pool", "global_average_pooling1d.v1"), ("head", "classification_head.v1")
MEAN = ("mean", "global_average_pooling2d.v1")


def of_text(kind: str, **parameters: Any) -> Graph:
    return chain(TEXT, EMBEDDING, ("between", kind, parameters), POOL, HEAD)


def of_picture(kind: str, **parameters: Any) -> Graph:
    return chain(IMAGE, ("between", kind, {"activation": "relu", **parameters}), MEAN, HEAD)


def compared(axes: Any, first: list[int], second: list[int]) -> Graph:
    """Return a graph whose block 'between' is the product of two shapes of the same small picture."""
    names = ("one", "two")
    shaped = [
        Node(name, "reshape.v1", {"target_shape": shape})
        for name, shape in zip(names, (first, second), strict=True)
    ]
    rest = (Node("between", "dot.v1", {"axes": axes}), Node("flat", "flatten.v1"), Node(*HEAD))
    edges = [edge for name in names for edge in (Edge("picture", name), Edge(name, "between", "inputs"))]
    last = (Edge("between", "flat"), Edge("flat", "head"))
    return Graph((Node(*IMAGE), *shaped, *rest), (*edges, *last))


def attending(axes: Any) -> Graph:
    return chain(IMAGE, ("between", "multi_head_attention.v1", {"attention_axes": axes}), MEAN, HEAD)


def run(graph: Graph, spec: DataSpec) -> None:
    """Let the model of a graph work as in training."""
    model = build(project(graph), spec)
    arrays = arrays_for(spec)
    result = model([arrays[item.name] for item in model.inputs], training=True)
    assert np.isfinite(np.asarray(result)).all()


REFUSED: dict[str, tuple[Graph, DataSpec, str]] = {
    "fewer vectors than words": (
        chain(TEXT, ("between", "embedding.v1", {"input_dim": 5}), POOL, HEAD),
        text_spec(),
        "small_vocabulary",
    ),
    "fewer vectors than words, with positions": (
        chain(
            TEXT, ("same", "identity.v1"), ("between", "token_and_position_embedding.v1", {"input_dim": 5}),
            POOL, HEAD,
        ),
        text_spec(),
        "small_vocabulary",
    ),
    "a step behind the end": (
        chain(TEXT, EMBEDDING, ("between", "select_step.v1", {"step": 6}), HEAD),
        text_spec(),
        "no_such_step",
    ),
    "noise of another size": (of_text("dropout.v1", noise_shape=[-1, 2, 4]), text_spec(), "noise_shape"),
    "noise with fewer axes": (of_text("dropout.v1", noise_shape=[-1, 1]), text_spec(), "noise_shape"),
    "an axis twice": (of_text("unit_normalization.v1", axis=[1, 1]), text_spec(), "bad_axis"),
    "an axis that is not there": (of_text("softmax.v1", axis=3), text_spec(), "bad_axis"),
    "the samples as an axis": (of_text("softmax.v1", axis=0), text_spec(), "bad_axis"),
    "factors that lie along the steps": (
        of_text("rms_normalization.v1", axis=1), text_spec(), "bad_axis",
    ),
    "scores of other features": (
        chain(TEXT, EMBEDDING, ("between", "reversible_embedding.v1", {"reverse": True}), POOL, HEAD),
        text_spec(),
        "features_differ",
    ),
    "unlike strides of a channel's own window": (
        of_picture("depthwise_conv2d.v1", strides=[2, 1], padding="same"), image_spec(), "strides_differ",
    ),
    "unlike strides of a separable window": (
        of_picture("separable_conv2d.v1", strides=[2, 1], padding="same"), image_spec(), "strides_differ",
    ),
    "an odd number of features turned in pairs": (
        chain(TEXT, EMBEDDING, ("between", "rotary_attention.v1", {"key_dim": 3}), POOL, HEAD),
        text_spec(),
        "odd_key_dim",
    ),
    "before and after on a picture": (
        chain(IMAGE, ("between", "multi_head_attention.v1", {"use_causal_mask": True}), MEAN, HEAD),
        image_spec(),
        "no_order",
    ),
    "neighbors on a picture": (
        chain(IMAGE, ("between", "multi_head_attention.v1", {"sliding_window": 2}), MEAN, HEAD),
        image_spec(),
        "no_order",
    ),
    "attention along the same axis twice": (attending([1, -3]), image_spec(), "bad_axis"),
    "attention between the samples": (attending([0, 1]), image_spec(), "bad_axis"),
    "attention along the features": (attending(3), image_spec(), "bad_axis"),
    # Keras counts from behind with the heads: this would be attention between the heads.
    "attention along an axis from behind": (attending(-2), image_spec(), "bad_axis"),
    "a product along the samples": (compared(0, [16, 12], [16, 12]), image_spec(), "bad_axis"),
    "a product along the samples from behind": (compared(-3, [16, 12], [12, 16]), image_spec(), "bad_axis"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_stop_a_running_model_is_told_and_mended_by_one_click(case: str) -> None:
    graph, spec, code = REFUSED[case]
    errors = [problem for problem in check(project(graph), spec) if problem.severity == "error"]
    assert [(problem.code, problem.block) for problem in errors] == [(code, "between")]
    mended = graph.edited(errors[0].repair.edits)
    assert [problem for problem in check(project(mended), spec) if problem.severity == "error"] == []
    run(mended, spec)


RUNS: dict[str, tuple[Graph, DataSpec]] = {
    "as many vectors as words": (
        chain(TEXT, ("between", "embedding.v1", {"input_dim": 30}), POOL, HEAD),
        text_spec(),
    ),
    "the last step": (chain(TEXT, EMBEDDING, ("between", "select_step.v1", {"step": -6}), HEAD), text_spec()),
    "noise that drops whole features": (of_text("dropout.v1", noise_shape=[-1, 1, 4]), text_spec()),
    "noise that is the same for a batch": (of_text("alpha_dropout.v1", noise_shape=[1, 1, 4]), text_spec()),
    "all features of a text": (of_text("rms_normalization.v1", axis=[1, 2]), text_spec()),
    "axes from behind": (of_text("softmax.v1", axis=[-2, -1]), text_spec()),
    "scores of the same features": (
        chain(
            TEXT, EMBEDDING, ("s", "reversible_embedding.v1", {"reverse": True, "output_dim": 4}), POOL, HEAD
        ),
        text_spec(),
    ),
    "attention along the height": (attending([1]), image_spec()),
    "attention along the width and the height": (attending([2, 1]), image_spec()),
    "a product along two unlike axes": (compared([1, 2], [16, 12], [12, 16]), image_spec()),
    "equal strides": (of_picture("depthwise_conv2d.v1", strides=[2, 2], padding="same"), image_spec()),
}  # fmt: skip


@pytest.mark.parametrize("case", RUNS)
def test_what_runs_is_let_through(case: str) -> None:
    graph, spec = RUNS[case]
    assert [problem for problem in check(project(graph), spec) if problem.severity == "error"] == []
    run(graph, spec)


@pytest.mark.parametrize(
    "graph",
    [
        of_picture("conv2d_transpose.v1", dilation_rate=[2, 2], padding="same"),
        of_picture("conv2d.v1", data_format="channels_first", padding="same"),
    ],
)
def test_what_only_a_graphics_card_computes_is_told_beforehand(graph: Graph) -> None:
    told = check(project(graph), image_spec())
    (problem,) = [problem for problem in told if problem.code == "graphics_card_only"]
    assert (problem.block, problem.severity) == ("between", "warning")
    run(graph.edited(problem.repair.edits), image_spec())


def test_padding_that_keras_refuses_is_not_offered() -> None:
    for kind in ("depthwise_conv1d.v1", "separable_conv1d.v1"):
        padding = next(item for item in registry()[kind].parameters if item.name == "padding")
        assert not padding.accepts("causal")


@pytest.mark.parametrize(
    ("wrapper", "inner", "fits"),
    [
        ("time_distributed.v1", "max_pooling1d.v1", False),
        ("time_distributed.v1", "global_average_pooling2d.v1", False),
        ("time_distributed.v1", "dense.v1", True),
        ("spectral_normalization.v1", "conv2d_transpose.v1", False),
        ("spectral_normalization.v1", "conv1d_transpose.v1", True),
    ],
)
def test_a_layer_inside_a_wrapper_has_to_fit_what_arrives(wrapper: str, inner: str, fits: bool) -> None:
    graph = of_text(wrapper, layer={"kind": inner, "parameters": {}})
    errors = [problem for problem in check(project(graph), text_spec()) if problem.block == "between"]
    assert [problem.code for problem in errors if problem.severity == "error"] == (
        [] if fits else ["inner_layer_misfit"]
    )


def test_filling_that_keras_refuses_is_not_offered() -> None:
    filling = next(item for item in registry()["resizing.v1"].parameters if item.name == "fill_mode")
    assert filling.accepts("constant") and not filling.accepts("wrap")
