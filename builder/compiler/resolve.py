"""The values that "auto" stands for, taken from the data."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

from builder.blocks.base import Block
from builder.data.spec import DataSpec
from builder.params import AUTO, with_defaults


def resolved(block: Block, given: Mapping[str, Any], spec: DataSpec | None) -> dict[str, Any]:
    """Return every parameter's value, with "auto" replaced by what the data say.

    A value stays "auto" where the data do not have the fact, or are not chosen.
    """
    values = with_defaults(block.parameters, given)
    if spec is None:
        return values
    facts = _facts(spec, values)
    for name, fact in block.automatic.items():
        if values[name] == AUTO:
            values[name] = facts.get(fact, AUTO)
    return values


def _sample_sizes(spec: DataSpec) -> dict[str, Any]:
    names = {3: ("sample_height", "sample_width", "sample_channels"), 2: ("sample_steps", "sample_features")}
    kind = spec.inputs[0].kind if spec.inputs else ""
    # Where noise stands in the place of the data, the target is what a generator makes.
    shape = spec.sample_shape if kind in ("image", "series") else spec.target_shape
    return dict(zip(names.get(len(shape), ()), shape, strict=False))


def _facts(spec: DataSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "class_activation": "softmax",
        "target_units": spec.output_shapes[0][-1] if spec.predicts_numbers else 1,
        "target_mean": float(spec.target_mean),
        "target_deviation": sqrt(spec.target_variance) or 1.0,
        "count_mean": max(float(spec.target_mean), 1e-3),
        "given_back": "sigmoid" if len(spec.target_shape) == 3 else "linear",
    }
    facts |= _sample_sizes(spec)
    if spec.class_count:
        is_single = spec.class_count == 2 and values.get("activation") == "sigmoid"
        facts["class_units"] = 1 if is_single else spec.class_count
        facts["label_units"] = spec.class_count
    if spec.vocabulary_size is not None:
        facts["vocabulary_size"] = spec.vocabulary_size
    return facts
