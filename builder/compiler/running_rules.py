"""Settings that Keras takes when a model is put together, and refuses only when it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from builder.blocks import registry
from builder.blocks.base import FLOWS
from builder.blocks.derive import FLOW_BY_AXES, axes_of
from builder.compiler import repairs
from builder.compiler.axis_rules import attended_axes, multiplied_axes, normalized_axes
from builder.compiler.context import Context
from builder.compiler.families import CONVOLUTION
from builder.data.spec import DataSpec
from builder.errors import Problem
from builder.graph import Graph, Node
from builder.params import AUTO

Values = Mapping[str, Mapping[str, Any]]

_EMBEDDINGS = ("embedding.v1", "reversible_embedding.v1", "token_and_position_embedding.v1")
_CONVOLVING_STATES = tuple(f"conv_lstm{axes}d.v1" for axes in (1, 2, 3))
_NO_DILATION: tuple[Any, ...] = (1, [1], [1, 1], [1, 1, 1])


def running_problem(context: Context) -> Problem | None:
    """Return what would stop the model at this block as soon as it runs, or None."""
    rule = _RULES.get(context.node.kind)
    return rule(context) if rule else None


def small_vocabularies(graph: Graph, spec: DataSpec, values: Values) -> list[Problem]:
    """Return the embeddings that have fewer vectors than the data have words."""
    found = []
    for node in graph.nodes:
        own = values.get(node.id, {})
        if node.kind not in _EMBEDDINGS or own.get("reverse") or not isinstance(own.get("input_dim"), int):
            continue
        words = _words_before(graph, node, spec, values)
        if words > own["input_dim"]:
            message = (
                f"'{node.id}' has vectors for {own['input_dim']:,} words, but the data have {words:,}: the "
                "others would find none. Set 'input_dim' to auto, or keep fewer words on the Data page."
            )
            repair = repairs.set_parameter("Take the size from the data", node.id, "input_dim", AUTO)
            found.append(Problem("small_vocabulary", message, node.id, "input_dim", repair))
    return found


def graphics_card_only(graph: Graph, values: Values) -> list[Problem]:
    """Return the warnings about what TensorFlow computes on graphics cards only."""
    found = []
    for node in graph.nodes:
        own = values.get(node.id, {})
        name, plain, what = "", None, ""
        if node.kind in (*CONVOLUTION, *_CONVOLVING_STATES) and own.get("data_format") == "channels_first":
            name, what = "data_format", "the order 'channels_first'"
        elif (
            node.kind in CONVOLUTION
            and "output_padding" in own
            and own.get("dilation_rate") not in _NO_DILATION
        ):
            name, what = "dilation_rate", "a transposed convolution with a dilation rate above 1"
            plain = 1 if isinstance(own["dilation_rate"], int) else [1] * len(own["dilation_rate"])
        elif own.get("flash_attention"):
            name, what = "flash_attention", "the fast kernel of attention"
        if name:
            message = (
                f"'{node.id}' has {what}, which TensorFlow computes on a graphics card only: without one the "
                "training stops."
            )
            shown = "empty" if plain is None else "1"
            repair = repairs.set_parameter(f"Set it to {shown}", node.id, name, plain)
            found.append(Problem("graphics_card_only", message, node.id, name, repair, "warning"))
    return found


def _words_before(graph: Graph, node: Node, spec: DataSpec, values: Values) -> int:
    """Return how many words the text has that a block reads straight from the data, or else 0."""
    before = node
    while before.kind in (node.kind, "identity.v1") and graph.incoming(before.id):
        before = graph.node(graph.incoming(before.id)[0].source)
    source = values.get(before.id, {}).get("source")
    if before.kind != "input.v1" or source is None:
        return 0
    return len(spec.input(source).settings.get("vocabulary", ()))


def _step(context: Context) -> Problem | None:
    steps, step = context.first.shape[1], context.values["step"]
    if steps is None or -steps <= step < steps:
        return None
    message = (
        f"{context.title} takes the step {step}, but {context.first.in_words()} arrives, whose steps are 0 "
        f"to {steps - 1}. Take one of them, or -1 for the last."
    )
    repair = repairs.set_parameter("Take the last step", context.node.id, "step", -1)
    return context.problem("no_such_step", message, repair, field="step")


def _noise_shape(context: Context) -> Problem | None:
    noise, shape = context.values["noise_shape"], context.first.shape
    if noise is None:
        return None
    fits = len(noise) == len(shape) and all(
        part in (-1, 1, size) for part, size in zip(noise, shape, strict=True)
    )
    if fits:
        return None
    axes = ", ".join("batch" if size is None else str(size) for size in shape)
    message = (
        f"The noise of {context.title} has the shape {noise}, but what arrives has {len(shape)} axes "
        f"({axes}). Give for each axis -1 (as it is) or 1 (the same along it)."
    )
    repair = repairs.set_parameter("Let every value have its own noise", context.node.id, "noise_shape", None)
    return context.problem("noise_shape", message, repair, field="noise_shape")


def _reversed(context: Context) -> Problem | None:
    features, wanted = context.first.shape[-1], context.values["output_dim"]
    if not context.values["reverse"] or context.first.flow == "tokens" or features == wanted:
        return None
    message = (
        f"{context.title} turns vectors of {wanted} features back into words, but {context.first.in_words()} "
        f"arrives. Set its 'output_dim' to {features}, or change the block before it."
    )
    repair = repairs.set_parameter(
        f"Set its output_dim to {features}", context.node.id, "output_dim", features
    )
    return context.problem("features_differ", message, repair, field="output_dim")


def _key_dim(context: Context) -> Problem | None:
    size = context.values["key_dim"]
    if size % 2 == 0:
        return None
    message = (
        f"The 'key_dim' of {context.title} is {size}, but its features are turned in pairs: it must be even."
    )
    repair = repairs.set_parameter(f"Set it to {size + 1}", context.node.id, "key_dim", size + 1)
    return context.problem("odd_key_dim", message, repair, field="key_dim")


def _order(context: Context) -> Problem | None:
    """Tell that the places of a picture do not come before or after each other."""
    off = {"use_causal_mask": False, "sliding_window": None}
    name = next((name for name, value in off.items() if context.values.get(name) not in (value, None)), None)
    if name is None or context.first.flow == "sequence":
        return None
    message = (
        f"{context.title} has '{name}', but {context.first.in_words()} arrives: only the steps of a sequence "
        "come before or after each other. Turn it off, or make a sequence of it with a Reshape."
    )
    repair = repairs.set_parameter("Turn it off", context.node.id, name, off[name])
    return context.problem("no_order", message, repair, field=name)


def _attention(context: Context) -> Problem | None:
    return _order(context) or attended_axes(context)


def _inner_layer(context: Context) -> Problem | None:
    inner = registry()[context.values["layer"]["kind"]]
    axes = axes_of(inner.function) if isinstance(inner.function, type) else 0
    # A wrapper around every step takes the steps' axis away.
    needed = axes + 2 + (context.node.kind == "time_distributed.v1")
    if not axes or len(context.first.shape) == needed:
        return None
    what = "each step of what arrives" if context.node.kind == "time_distributed.v1" else "what arrives"
    message = (
        f"The layer inside {context.title}, a {inner.label}, does not fit {what}: it reads "
        f"{FLOWS[FLOW_BY_AXES[axes]]}, and what arrives is {context.first.in_words()}. Choose another layer "
        "in it, or another block before it."
    )
    return context.problem("inner_layer_misfit", message, field="layer")


def _strides(context: Context) -> Problem | None:
    strides = context.values["strides"]
    if isinstance(strides, int) or len(set(strides)) == 1:
        return None
    same = [max(strides)] * len(strides)
    shown = " × ".join(str(step) for step in strides)
    message = (
        f"{context.title} moves by {shown}, but a window of each channel's own can only move equally far in "
        "height and width."
    )
    repair = repairs.set_parameter(f"Move by {same[0]} in both", context.node.id, "strides", same)
    return context.problem("strides_differ", message, repair, field="strides")


_RULES: dict[str, Callable[[Context], Problem | None]] = {
    "select_step.v1": _step,
    "reversible_embedding.v1": _reversed,
    "rotary_attention.v1": _key_dim,
    "multi_head_attention.v1": _attention,
    "dot.v1": multiplied_axes,
    **dict.fromkeys(("time_distributed.v1", "spectral_normalization.v1"), _inner_layer),
    **dict.fromkeys(("dropout.v1", "alpha_dropout.v1"), _noise_shape),
    **dict.fromkeys(("unit_normalization.v1", "rms_normalization.v1", "softmax.v1"), normalized_axes),
    **dict.fromkeys(("depthwise_conv2d.v1", "separable_conv2d.v1"), _strides),
}
