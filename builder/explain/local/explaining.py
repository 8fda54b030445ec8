"""One sample explained by one method, as JSON-ready data for any display."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from builder.data.encode import encode
from builder.data.prepare import Prepared
from builder.data.spec import DataSpec
from builder.errors import stop
from builder.explain.local import gradients, perturbing
from builder.explain.local.answer import Answer, answer_to
from builder.explain.local.faithfulness import faithfulness
from builder.explain.local.perturbing import Attribution, Tick
from builder.explain.local.units import Group, Units, usual_categories
from builder.explain.targets import arrays_of_row, of_target
from builder.explain.worded import check_samples
from builder.explanation_methods import METHODS

# Of the work of an explanation, the share before its faithfulness is measured.
_METHOD_SHARE = 0.8


_EXPLAIN: Mapping[str, Callable[[Answer, Units, Tick], Attribution]] = {
    "occlusion": perturbing.occlusion,
    "shapley": perturbing.shapley,
    "lime": perturbing.lime,
    "integrated_gradients": gradients.integrated_gradients,
    "smooth_gradients": gradients.smooth_gradients,
    "grad_cam": gradients.grad_cam,
}


def explained_row(
    model: keras.Model,
    prepared: Prepared,
    row: int,
    method: str = "occlusion",
    chosen: str | None = None,
    target: str | None = None,
) -> dict[str, Any]:
    """Return why a model answers as it does for a row of its data; see ``explained``.

    Args:
        model: a model with one output a target.
        prepared: the data.
        row: the row's number.
        method: one of ``METHODS``.
        chosen: the class or label to explain instead of the likeliest.
        target: which of several targets is explained; None is the first.

    Raises:
        BuilderError: for an unknown row or target, or where the answer cannot be explained so.
    """
    single, data = of_target(model, prepared, target)
    arrays = arrays_of_row(data, row)
    return explained(single, data.spec, arrays, method, chosen, usual=usual_categories(data))


def explained_sample(
    model: keras.Model,
    prepared: Prepared,
    raw: Mapping[str, Any],
    method: str = "occlusion",
    chosen: str | None = None,
    target: str | None = None,
) -> dict[str, Any]:
    """Return why a model answers as it does for a person's own sample; see ``explained``.

    Args:
        model: a model with one output a target.
        prepared: the data that it was made for.
        raw: a sample as ``builder.data.encode.encode`` takes it.
        method: one of ``METHODS``.
        chosen: the class or label to explain instead of the likeliest.
        target: which of several targets is explained; None is the first.

    Raises:
        BuilderError: for a broken sample or an unknown target, or where the answer cannot be explained so.
    """
    check_samples(prepared.spec, [raw])
    single, data = of_target(model, prepared, target)
    arrays = encode(data.spec, [raw])
    return explained(single, data.spec, arrays, method, chosen, usual=usual_categories(data))


def explained(
    model: keras.Model,
    spec: DataSpec,
    arrays: Mapping[str, np.ndarray],
    method: str = "occlusion",
    chosen: str | None = None,
    tick: Tick = lambda share: None,
    usual: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return why a model answers as it does for one sample, and how far to trust that.

    Args:
        model: a model with one output.
        spec: the description of its data.
        arrays: the sample's arrays, with a batch axis of 1, in the dtypes of the model.
        method: one of ``METHODS``.
        chosen: the class or label to explain instead of the likeliest.
        tick: called with the share of the work that is done, 0 to 1; what it raises ends the work.
        usual: of a table with categories what ``usual_categories`` gives.

    Returns:
        ``method``, ``label`` (what is explained), ``value`` (the answer), ``empty`` (the answer to a sample
        without any part), ``inputs`` (for each its ``name``, ``kind``, the units' ``labels`` and ``scores``,
        and of pictures the ``grid``, rows and columns), ``signed``, ``accuracy`` and ``faithfulness``.

    Raises:
        BuilderError: where the task or the model cannot be explained so; the message tells what can be done.
    """
    if method not in METHODS:
        known = ", ".join(METHODS)
        raise stop("unknown_method", f"There is no method '{method}'. Choose one of {known}.", field="method")
    answer, units = answer_to(model, spec, arrays, chosen), Units(spec, arrays, usual)
    if not units.count:
        raise stop("nothing_to_explain", "This sample has no parts that could be taken away.")
    found = _EXPLAIN[method](answer, units, lambda share: tick(_METHOD_SHARE * share))
    believed = faithfulness(answer, units, found.scores)
    tick(1.0)
    ends = np.stack([np.ones(units.count, bool), np.zeros(units.count, bool)])
    whole, nothing = answer.values(units.masked(ends)).tolist()
    return {
        "method": method,
        "label": answer.label,
        "value": whole,
        "empty": nothing,
        "signed": METHODS[method].signed,
        "inputs": [_shown(group, scores) for group, scores in units.of_groups(found.scores)],
        "accuracy": found.accuracy,
        "faithfulness": believed.to_json(),
    }


def _shown(group: Group, scores: np.ndarray) -> dict[str, Any]:
    item = group.item
    shown = {
        "name": item.name,
        "kind": item.kind,
        "labels": list(group.labels),
        "scores": [float(score) for score in scores],
    }
    if group.grid is not None:
        shown["grid"] = list(group.grid)
    return shown
