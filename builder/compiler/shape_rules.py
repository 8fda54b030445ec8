"""What can be wrong with the tensors that arrive at a block, and how to mend it.

Keras's own refusal is the last resort (``refused``): these rules say the same in plain words, with
a repair, and catch what Keras lets pass.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt, prod

from builder.blocks.base import FLOWS, Port
from builder.compiler import repairs
from builder.compiler.context import Arrival, Context
from builder.compiler.families import (
    CONVOLUTION,
    ELEMENTWISE,
    FLATTENING,
    RECURRENT,
    SLIDING,
    WINDOW_POOLING,
)
from builder.compiler.tensors import TensorSpec
from builder.errors import Problem, Repair
from builder.graph import Node


def shape_problem(context: Context) -> Problem | None:
    """Return the first thing that is wrong with what arrives at a block, or None."""
    problem = _flow_problem(context)
    if problem is None:
        rule = _RULES.get(context.node.kind)
        problem = rule(context) if rule else None
    return problem


def refused(context: Context, error: str) -> Problem:
    """Return the problem for an arrival that Keras refuses."""
    arrived = "; ".join(
        arrival.spec.in_words() for arrivals in context.arrivals.values() for arrival in arrivals
    )
    message = (
        f"{context.title} cannot work with what arrives ({arrived}) and its settings. Change its settings "
        f"or the block before it. Keras says: {error}"
    )
    return context.problem("refused_by_keras", message)


def _flow_problem(context: Context) -> Problem | None:
    for port in context.block.inputs:
        for arrival in context.arrivals[port.name]:
            if port.accepts and arrival.spec.flow not in port.accepts:
                return _wrong_flow(context, port, arrival)
    return None


def _wrong_flow(context: Context, port: Port, arrival: Arrival) -> Problem:
    expected = " or ".join(FLOWS[flow] for flow in port.accepts)
    repair = _flow_repair(context, port, arrival)
    advice = (
        f"To mend it: {repair.label[0].lower()}{repair.label[1:]}." if repair else "Connect another block."
    )
    arrived = f"'{arrival.edge.source}' gives {arrival.spec.in_words()}"
    message = f"{context.title} needs {expected}, but {arrived}. {advice}"
    return context.problem("wrong_flow", message, repair, field=port.name)


def _flow_repair(context: Context, port: Port, arrival: Arrival) -> Repair | None:
    graph, edge, spec = context.graph, arrival.edge, arrival.spec
    source = graph.node(edge.source)
    # The states that a recurrent block gives beside its output are vectors, whatever it returns there.
    is_output = edge.source_port == "output"
    keeps_steps = source.kind in RECURRENT and source.parameters.get("return_sequences", False)
    if spec.flow == "tokens" and "sequence" in port.accepts:
        return repairs.insert("Insert an Embedding", graph, edge, ("embedding.v1", {}))
    if spec.flow == "tokens" and "vector" in port.accepts:
        label = "Insert an Embedding and a GlobalAveragePooling1D"
        return repairs.insert(label, graph, edge, ("embedding.v1", {}), ("global_average_pooling1d.v1", {}))
    if spec.flow == "sequence" and "vector" in port.accepts:
        if keeps_steps and is_output:
            label = f"Let '{source.id}' give only its last step"
            return repairs.set_parameter(label, source.id, "return_sequences", False)
        kind = "global_average_pooling1d.v1"
        return repairs.insert("Insert a GlobalAveragePooling1D", graph, edge, (kind, {}))
    if spec.flow in ("image", "volume") and "vector" in port.accepts:
        return _image_to_vector(context, arrival)
    if spec.flow == "vector" and "sequence" in port.accepts and source.kind in RECURRENT and is_output:
        label = f"Let '{source.id}' return sequences"
        return repairs.set_parameter(label, source.id, "return_sequences", True)
    if source.kind in FLATTENING and _reads(context, source, port):
        return repairs.take_out(f"Take '{source.id}' out", graph, source.id)
    if context.node.kind == source.kind == "embedding.v1":
        return repairs.take_out(f"Take '{context.node.id}' out", graph, context.node.id)
    shape = _reshaped(spec, port)
    if shape is None:
        return None
    return repairs.insert("Insert a Reshape", graph, edge, ("reshape.v1", {"target_shape": shape}))


def _reads(context: Context, source: Node, port: Port) -> bool:
    """Tell whether a port would take what ``source`` reads, and is alone in reading ``source``."""
    edge = context.graph.incoming(source.id)[0]
    output = context.outcomes[edge.source].outputs[edge.source_port]
    is_alone = len(context.graph.outgoing(source.id)) == 1
    return is_alone and output is not None and output.flow in port.accepts


def _image_to_vector(context: Context, arrival: Arrival) -> Repair:
    # Few channels mean that nothing has looked at the image yet: its mean would tell little.
    channels = arrival.spec.shape[-1] or 0
    if channels >= 8:
        axes = 3 if arrival.spec.flow == "volume" else 2
        kind = f"global_average_pooling{axes}d.v1"
        label = f"Insert a GlobalAveragePooling{axes}D"
        return repairs.insert(label, context.graph, arrival.edge, (kind, {}))
    return repairs.insert("Insert a Flatten", context.graph, arrival.edge, ("flatten.v1", {}))


def _reshaped(spec: TensorSpec, port: Port) -> list[int] | None:
    sizes = [part or 1 for part in spec.shape[1:]]
    if spec.flow == "vector" and "sequence" in port.accepts:
        return [sizes[0], 1]
    if spec.flow == "vector" and "image" in port.accepts and isqrt(sizes[0]) ** 2 == sizes[0]:
        return [isqrt(sizes[0]), isqrt(sizes[0]), 1]
    if spec.flow == "image" and "sequence" in port.accepts:
        return [sizes[0], sizes[1] * sizes[2]]
    if spec.flow == "sequence" and "image" in port.accepts:
        return [*sizes, 1]
    return None


def _convolution(context: Context) -> Problem | None:
    values, channels = context.values, context.first.shape[-1] or 1
    if values["data_format"] == "channels_first":
        # The sizes lie elsewhere; Keras itself judges this rare order.
        return None
    strides, dilation = _pair(values["strides"]), _pair(values["dilation_rate"])
    if max(strides) > 1 and max(dilation) > 1:
        message = (
            f"{context.title} has strides {values['strides']} and a dilation rate {values['dilation_rate']}: "
            "only one of them may be above 1. Set the strides to 1."
        )
        plain = 1 if isinstance(values["strides"], int) else [1] * len(strides)
        repair = repairs.set_parameter("Set the strides to 1", context.node.id, "strides", plain)
        return context.problem("strides_and_dilation", message, repair, field="strides")
    groups = values.get("groups", 1)
    if channels % groups or values.get("filters", groups) % groups:
        message = (
            f"{context.title} has {groups} groups, but {channels} channels arrive and {values['filters']} "
            "filters leave: both must be multiples of the groups. Set the groups to 1."
        )
        repair = repairs.set_parameter("Set the groups to 1", context.node.id, "groups", 1)
        return context.problem("groups_do_not_divide", message, repair, field="groups")
    if context.node.kind not in SLIDING:
        return None
    kernel = _pair(values["kernel_size"])
    reach = [(size - 1) * gap + 1 for size, gap in zip(kernel, dilation, strict=False)]
    return _window(context, reach, "kernel_size")


def _pooling(context: Context) -> Problem | None:
    return _window(context, _pair(context.values["pool_size"]), "pool_size")


def _window(context: Context, window: list[int], field: str) -> Problem | None:
    sizes = context.first.shape[1:-1]
    is_first = context.values["data_format"] == "channels_first"
    fits = is_first or all(size is None or size >= part for size, part in zip(sizes, window, strict=False))
    if fits or context.values["padding"] != "valid":
        return None
    shown = " × ".join(str(part) for part in window[: len(sizes)])
    message = (
        f"The window of {context.title} ({shown}) is larger than what arrives: {context.first.in_words()}. "
        "Set the padding to 'same', make the window smaller, or remove a pooling before it."
    )
    repair = repairs.set_parameter("Set the padding to 'same'", context.node.id, "padding", "same")
    return context.problem("window_too_large", message, repair, field=field)


def _pair(value: int | list[int]) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)


def _convolution_block(context: Context) -> Problem | None:
    if context.values["pool"] == "none" or min(part or 2 for part in context.first.shape[1:-1]) >= 2:
        return None
    message = (
        f"{context.title} halves the size, but what arrives cannot be halved: {context.first.in_words()}. "
        "Set its pool to 'none'."
    )
    repair = repairs.set_parameter("Set the pool to 'none'", context.node.id, "pool", "none")
    return context.problem("window_too_large", message, repair, field="pool")


def _reshape(context: Context) -> Problem | None:
    target = context.values["target_shape"]
    if None in context.first.shape[1:]:
        return None
    known, size = prod(part for part in target if part != -1), context.first.size
    if known == size or (-1 in target and size % known == 0):
        return None
    message = (
        f"{context.title} cannot arrange {size} values ({context.first.in_words()}) as {target}, which "
        f"{'must divide' if -1 in target else 'holds'} {known}. The products must agree."
    )
    repair = repairs.set_parameter("Lay the values out as one vector", context.node.id, "target_shape", [-1])
    return context.problem("reshape_mismatch", message, repair, field="target_shape")


def _elementwise(context: Context) -> Problem | None:
    arrivals = context.arrivals["inputs"]
    first = arrivals[0].spec
    for other in arrivals[1:]:
        if not _agree(first, other.spec):
            repair = _projection(context, first, other)
            advice = (
                f"{repair.label}." if repair else "Change the blocks before it so that their outputs agree."
            )
            message = (
                f"{context.title} needs equal shapes, but '{arrivals[0].edge.source}' gives "
                f"{first.in_words()} and '{other.edge.source}' gives {other.spec.in_words()}. {advice}"
            )
            return context.problem("shapes_differ", message, repair)
    return None


def _agree(one: TensorSpec, other: TensorSpec) -> bool:
    pairs = zip(reversed(one.shape[1:]), reversed(other.shape[1:]), strict=False)
    return len(one.shape) == len(other.shape) and all(a == b or 1 in (a, b) for a, b in pairs)


def _projection(context: Context, first: TensorSpec, other: Arrival) -> Repair | None:
    """Return the repair that brings ``other`` to the shape of ``first`` by a learned projection."""
    if len(first.shape) != len(other.spec.shape):
        return None
    width = first.shape[-1]
    ours, theirs = first.shape[1:-1], other.spec.shape[1:-1]
    if ours == theirs and first.flow in ("vector", "sequence"):
        label = f"Insert a Dense block of {width} units after '{other.edge.source}'"
        return repairs.insert(label, context.graph, other.edge, ("dense.v1", {"units": width}))
    strides = [-(-(b or 1) // (a or 1)) for a, b in zip(ours, theirs, strict=True)]
    reached = [-(-(b or 1) // step) for b, step in zip(theirs, strides, strict=True)]
    if reached != list(ours):
        return None
    axes = len(strides)
    kernel: int | list[int] = 1 if axes == 1 else [1] * axes
    parameters = {
        "filters": width,
        "kernel_size": kernel,
        "strides": strides[0] if axes == 1 else strides,
        "padding": "same",
    }
    kind = f"conv{axes}d.v1"
    shown = " × ".join(["1"] * max(2, axes))
    label = f"Insert a {shown} convolution with {width} filters after '{other.edge.source}'"
    return repairs.insert(label, context.graph, other.edge, (kind, parameters))


def _concatenate(context: Context) -> Problem | None:
    arrivals, axis = context.arrivals["inputs"], context.values["axis"]
    ranks = {len(arrival.spec.shape) for arrival in arrivals}
    if len(ranks) > 1:
        return _mixed_ranks(context, arrivals)
    rank = ranks.pop()
    if axis == 0 or not -rank < axis < rank:
        message = (
            f"{context.title} cannot join along axis {axis}: axis 0 holds the samples, and what arrives has "
            f"the axes 1 to {rank - 1}. Set the axis to -1, which joins the features."
        )
        repair = repairs.set_parameter("Set the axis to -1", context.node.id, "axis", -1)
        return context.problem("bad_axis", message, repair, field="axis")
    rests = {_without_axis(arrival.spec.shape, axis) for arrival in arrivals}
    if len(rests) == 1:
        return None
    listed = "; ".join(f"'{arrival.edge.source}' gives {arrival.spec.in_words()}" for arrival in arrivals)
    message = (
        f"{context.title} needs tensors that differ only in the joined axis ({axis}), but {listed}. Change "
        "the blocks before it so that the other sizes agree."
    )
    return context.problem("shapes_differ", message)


def _without_axis(shape: tuple[int | None, ...], axis: int) -> tuple[int | None, ...]:
    place = axis % len(shape)
    return shape[:place] + shape[place + 1 :]


def _mixed_ranks(context: Context, arrivals: tuple[Arrival, ...]) -> Problem:
    listed = "; ".join(f"'{arrival.edge.source}' gives {arrival.spec.in_words()}" for arrival in arrivals)
    deep = next(arrival for arrival in arrivals if len(arrival.spec.shape) > 2)
    label = f"Insert a Flatten after '{deep.edge.source}'"
    repair = repairs.insert(label, context.graph, deep.edge, ("flatten.v1", {}))
    message = f"{context.title} can only join tensors of one kind, but {listed}. {label}."
    return context.problem("shapes_differ", message, repair)


_RULES: dict[str, Callable[[Context], Problem | None]] = {
    **dict.fromkeys(CONVOLUTION, _convolution),
    **dict.fromkeys(WINDOW_POOLING, _pooling),
    **dict.fromkeys(ELEMENTWISE, _elementwise),
    "convolution_block.v1": _convolution_block,
    "reshape.v1": _reshape,
    "concatenate.v1": _concatenate,
}
