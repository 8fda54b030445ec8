"""Axes that a block cannot work along: axis 0 holds the samples, and each other one exists at most once."""

from __future__ import annotations

from itertools import product
from typing import Any

from builder.compiler import repairs
from builder.compiler.context import Context
from builder.errors import Problem, Repair


def normalized_axes(context: Context) -> Problem | None:
    """Return what is wrong with the axes along which values are brought to one scale, or None."""
    given, rank = context.values["axis"], len(context.first.shape)
    axes = _listed(given)
    exist = all(-rank <= axis < rank and axis % rank for axis in axes)
    places = sorted(axis % rank for axis in axes)
    is_wrong = not exist or len(set(places)) != len(places)
    # The factors that it learns are laid on the last axes, whatever the axes are.
    must_be_last = context.node.kind == "rms_normalization.v1"
    if not is_wrong and not (must_be_last and places != list(range(rank - len(places), rank))):
        return None
    which = "the last of them" if must_be_last else "each at most once"
    message = (
        f"{context.title} cannot work along the axis {given}: axis 0 holds the samples, and what arrives has "
        f"the axes 1 to {rank - 1}, of which it takes {which}. Set the axis to -1, which is the features."
    )
    repair = repairs.set_parameter("Set the axis to -1", context.node.id, "axis", -1)
    return context.problem("bad_axis", message, repair, field="axis")


def attended_axes(context: Context) -> Problem | None:
    """Return what is wrong with the axes along which positions attend to each other, or None."""
    given, last = context.values["attention_axes"], len(context.first.shape) - 1
    if given is None:
        return None
    axes = _listed(given)
    # Keras counts from behind with an axis for the heads, so that a negative number means another axis.
    if all(0 < axis < last for axis in axes) and len(set(axes)) == len(axes):
        return None
    places = "1" if last == 2 else f"1 to {last - 1}"
    message = (
        f"{context.title} cannot attend along the axes {given}: axis 0 holds the samples, the last one the "
        f"features, and of the axes between them ({places}) it takes each at most once, counted from the "
        "front. Leave them empty for all."
    )
    repair = repairs.set_parameter("Leave them empty", context.node.id, "attention_axes", None)
    return context.problem("bad_axis", message, repair, field="attention_axes")


def multiplied_axes(context: Context) -> Problem | None:
    """Return the problem of a product that is summed up over the samples, or None."""
    given = context.values["axes"]
    shapes = [arrival.spec.shape for arrival in context.arrivals["inputs"]]
    axes = [given, given] if isinstance(given, int) else list(given)
    if len(shapes) != 2 or all(axis % len(shape) for axis, shape in zip(axes, shapes, strict=True)):
        return None
    message = (
        f"{context.title} cannot sum up along the axes {given}: axis 0 holds the samples, which stay apart. "
        "Take -1, which is the features, or for each of both tensors an axis that has the same size in both."
    )
    return context.problem("bad_axis", message, _along_equal_sizes(context, shapes), field="axes")


def _along_equal_sizes(context: Context, shapes: list[tuple[int | None, ...]]) -> Repair | None:
    first, second = shapes
    if first[-1] == second[-1]:
        return repairs.set_parameter("Set the axes to -1", context.node.id, "axes", -1)
    for one, other in product(range(1, len(first)), range(1, len(second))):
        if first[one] == second[other]:
            label = f"Set the axes to {one} and {other}"
            return repairs.set_parameter(label, context.node.id, "axes", [one, other])
    return None


def _listed(given: Any) -> list[int]:
    return [given] if isinstance(given, int) else list(given)
