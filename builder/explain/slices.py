"""Where a model is worst: groups of test samples with clearly more errors than the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import keras
import numpy as np

from builder.data.prepare import Prepared
from builder.explain.answer_scores import answer_words, bad_answers, check_explained, row_losses
from builder.explain.answers import check_outputs
from builder.explain.sample_traits import Trait, traits
from builder.explain.targets import of_target, some_rows
from builder.outputs import output_activation, predict_arrays

MOST_ROWS = 20_000
MOST_SHOWN = 12
MOST_SAMPLES = 48
# The smallest group that is looked at: so many rows, and so large a share of all.
LEAST_ROWS, LEAST_SHARE = 10, 0.01
# The chance that any group is shown although none is worse than the whole.
FALSE_ALARM = 0.05
# Pairs of more groups would be too many to tell from chance.
_MOST_PAIRED = 60
_SAME = 0.7
# What counts as an error, after "so many of the rows are".
_WRONG, _FAR_OFF = "answered wrongly", "in the quarter with the largest errors"
Tick = Callable[[float], None]


@dataclass(frozen=True)
class Slice:
    """A group of rows: the conditions that make it, its rows, its errors, and their lowest likely share."""

    conditions: tuple[str, ...]
    inside: np.ndarray
    errors: int
    lowest: float

    @property
    def support(self) -> int:
        """The number of its rows."""
        return int(self.inside.sum())

    @property
    def rate(self) -> float:
        """The share of its rows that are answered badly."""
        return self.errors / self.support


def slices(
    model: keras.Model,
    prepared: Prepared,
    target: str | None = None,
    tick: Tick = lambda share: None,
) -> dict[str, Any]:
    """Return the groups of test samples in which a model errs clearly more than on the whole.

    Args:
        model: a model with one output a target.
        prepared: the data.
        target: which of several targets is looked at; None is the first.
        tick: called with the done share, 0 to 1; what it raises ends the work.

    Returns:
        ``rows``, ``error_rate`` of the whole, ``bad`` (what counts as an error, in words), ``least_rows``,
        ``tested`` (how many groups were compared) and ``slices``: each with ``conditions``, ``support``,
        ``error_rate``, ``lowest`` (the lower bound of its error rate), ``clear`` (whether that lies above the
        error rate of the whole) and ``samples``, the worst first. Where no group is clearly worse, the worst
        few are given all the same, with ``clear`` false.

    Raises:
        BuilderError: ``not_explained`` for a task whose rows are not right or wrong as wholes.
    """
    single, data = of_target(model, prepared, target)
    check_explained(data.spec, "The search for groups")
    rows = some_rows(data, "test", MOST_ROWS)
    outputs = predict_arrays(single, data.arrays, rows)
    check_outputs(outputs, data.spec)
    targets, activation = np.asarray(data.targets[rows]), output_activation(single)
    bad = bad_answers(outputs, targets, data.spec, activation)
    losses = row_losses(outputs, targets, data.spec, activation)
    tick(0.5)
    least = least_rows(len(rows))
    found, tested = worst_slices(traits(data, rows), bad, least)
    tick(0.9)
    words = answer_words(outputs, targets, data.spec, activation)

    def samples(item: Slice) -> list[dict[str, Any]]:
        inside = np.flatnonzero(item.inside & bad)
        order = inside[np.argsort(-losses[inside], kind="stable")][:MOST_SAMPLES]
        return [{"row": int(rows[index]), **words[index]} for index in order]

    whole = float(bad.mean())
    return {
        "rows": len(rows),
        "error_rate": whole,
        "bad": _FAR_OFF if data.spec.predicts_numbers else _WRONG,
        "least_rows": least,
        "tested": tested,
        "slices": [
            {
                "conditions": list(item.conditions),
                "support": item.support,
                "error_rate": item.rate,
                "lowest": item.lowest,
                "clear": item.lowest > whole,
                "samples": samples(item),
            }
            for item in found
        ],
    }


def least_rows(rows: int) -> int:
    """Return the smallest support of a group that is looked at."""
    return max(LEAST_ROWS, int(np.ceil(LEAST_SHARE * rows)))


def worst_slices(found: Sequence[Trait], bad: np.ndarray, least: int) -> tuple[list[Slice], int]:
    """Return the groups in which bad answers are clearly more frequent, the worst first.

    Every trait is a group, and so are pairs of traits of different kinds. A group is clearly worse where the
    lower bound of its error rate lies above the error rate of the whole; the bound's confidence grows with
    the number of groups, so that the chance of any false alarm stays below ``FALSE_ALARM`` (Bonferroni).

    Args:
        found: the traits, with their rows.
        bad: whether each row is answered badly.
        least: the smallest support.

    Returns:
        At most ``MOST_SHOWN`` groups, without those that are nearly the same as a worse one, and the number
        of groups that were compared. Where none is clearly worse, the three with the highest bound.
    """
    usable = [trait for trait in found if least <= trait.inside.sum() < len(bad)]
    if not usable:
        return [], 0
    pairs = _pairs(usable, least)
    tested = len(usable) + len(pairs)
    z = NormalDist().inv_cdf(1 - FALSE_ALARM / tested)
    singles = [_slice((trait,), bad, z) for trait in usable]
    rates = {trait.label: item.rate for trait, item in zip(usable, singles, strict=True)}
    joined = [_slice(pair, bad, z) for pair in pairs]
    # A pair is worth telling only where it is clearly worse than each of its parts.
    joined = [item for item in joined if item.lowest > max(rates[label] for label in item.conditions)]
    ordered = sorted([*singles, *joined], key=lambda item: (-item.lowest, len(item.conditions)))
    clear = [item for item in ordered if item.lowest > bad.mean()]
    return _different(clear or ordered[:3])[:MOST_SHOWN], tested


def wilson_lower(errors: int, rows: int, z: float) -> float:
    """Return the lower bound of a share's one-sided confidence interval; ``z`` is the normal quantile.

    Reference: Wilson, Probable Inference, the Law of Succession, and Statistical Inference (1927).
    """
    share, square = errors / rows, z * z
    middle = share + square / (2 * rows)
    spread = z * float(np.sqrt(share * (1 - share) / rows + square / (4 * rows * rows)))
    return max(0.0, (middle - spread) / (1 + square / rows))


def _pairs(usable: Sequence[Trait], least: int) -> list[tuple[Trait, ...]]:
    # Chosen by their size: a choice by their errors would make false alarms of chance.
    largest = sorted(usable, key=lambda trait: -int(trait.inside.sum()))[:_MOST_PAIRED]
    inside = np.stack([trait.inside for trait in largest]).astype(np.float32)
    support = inside @ inside.T
    return [
        (largest[first], largest[second])
        for first, second in zip(*np.nonzero(np.triu(support >= least, 1)), strict=True)
        if largest[first].kind != largest[second].kind
    ]


def _slice(parts: Sequence[Trait], bad: np.ndarray, z: float) -> Slice:
    inside = np.logical_and.reduce([trait.inside for trait in parts])
    errors, rows = int((inside & bad).sum()), int(inside.sum())
    return Slice(tuple(trait.label for trait in parts), inside, errors, wilson_lower(errors, rows, z))


def _different(ordered: Sequence[Slice]) -> list[Slice]:
    kept: list[Slice] = []
    for item in ordered:
        if all(
            (item.inside & other.inside).sum() <= _SAME * (item.inside | other.inside).sum() for other in kept
        ):
            kept.append(item)
    return kept
