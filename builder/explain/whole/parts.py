"""The parts of all samples alike that can be mixed up: columns, places of a picture, stretches, inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from builder.data.spec import DataSpec, ModelInput
from builder.explain.local.units import Units

WHOLE = "whole input"


@dataclass(frozen=True)
class Part:
    """A part: its ``input``, its ``label``, and for each array which places of a sample belong to it."""

    input: str
    kind: str
    label: str
    places: Mapping[str, np.ndarray]


def parts_of(spec: DataSpec, arrays: Mapping[str, np.ndarray]) -> list[Part]:
    """Return the parts that every sample has: of several inputs also each one as a whole.

    Words have no places of their own, since every text has others: a text is a part as a whole.

    Args:
        spec: the data's description.
        arrays: the arrays of at least one sample.
    """
    units = Units(spec, {name: values[:1] for name, values in arrays.items()})
    found = []
    for group in units.groups:
        item = group.item
        if len(spec.inputs) > 1 or item.kind == "text":
            found.append(Part(item.name, WHOLE, _name(item), _everything(item)))
        if item.kind == "text":
            continue
        starts = np.cumsum([0, *(int(np.prod(array.shape)) for array in item.arrays)])
        flat = group.places.reshape(-1)
        for number, label in enumerate(group.labels):
            places = {
                array.name: (flat[start:end] == number).reshape(array.shape)
                for array, start, end in zip(item.arrays, starts[:-1], starts[1:], strict=True)
            }
            found.append(Part(item.name, item.kind, label, {k: v for k, v in places.items() if v.any()}))
    return found


def _everything(item: ModelInput) -> dict[str, np.ndarray]:
    return {array.name: np.ones(array.shape, bool) for array in item.arrays}


def _name(item: ModelInput) -> str:
    return "all columns together" if item.kind == "table" else f"the {item.name} as a whole"
