"""Outputs from which a model cannot learn, in plain words: dead, exploding, vanishing, not a number."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from builder.explain.preview.statistics import root_mean_square

DEAD_SHARE = 0.95
LARGE, SMALL = 1e3, 1e-4
FEW = 4


def marks(
    title: str,
    numbers: dict[str, Any],
    arriving: Collection[str],
    can_die: bool,
    may_be_large: bool,
) -> list[dict[str, str]]:
    """Return what is wrong with a block's output, as ``{"code", "severity", "message"}``.

    Args:
        title: the block's name for messages.
        numbers: the output's ``statistics``.
        arriving: the codes that hold for what arrives already; they are not told again here.
        can_die: whether the block has weights or cuts values off; zeros of other blocks are meant.
        may_be_large: whether large values are meant, as in the unit of a regression's target.
    """
    found = condition(numbers, can_die, may_be_large)
    if found is None or found in arriving:
        return []
    severity, message = _WORDS[found]
    return [{"code": found, "severity": severity, "message": message.format(title=title, **_facts(numbers))}]


def condition(numbers: dict[str, Any], can_die: bool, may_be_large: bool) -> str | None:
    """Return the code of what is wrong with an output, or None."""
    if numbers["not_finite"]:
        return "not_finite"
    size = root_mean_square(numbers)
    if size is None:
        return None
    if numbers["zeros"] > DEAD_SHARE:
        return "dead" if can_die and numbers["count"] >= FEW else None
    if size > LARGE:
        return None if may_be_large else "exploding"
    return "vanishing" if size < SMALL and can_die else None


def _facts(numbers: dict[str, Any]) -> dict[str, str]:
    extremes = [abs(value) for value in (numbers["minimum"], numbers["maximum"]) if value is not None]
    largest = f"{max(extremes):.3g}" if extremes else ""
    return {
        "share": f"{100 * numbers['zeros']:.3g} %",
        "largest": largest,
        "bad": f"{numbers['not_finite']:,}",
        "count": f"{numbers['count']:,}",
    }


_WORDS = {
    "not_finite": (
        "error",
        "{title} puts out {bad} of {count} values that are not a number (NaN or infinite), though what "
        "arrives is sound. Every block after it is lost. Where training brought this about, lower the "
        "learning rate or set a limit on the gradient's length (clip_norm); else look at this block's "
        "settings.",
    ),
    "dead": (
        "warning",
        "{title} is dead for this sample: {share} of its values are zero, so hardly anything gets through "
        "and its weights hardly learn. Look at other samples too. A smaller learning rate, another "
        "initializer, a normalization before it, or an activation that lets negative values through (elu, "
        "gelu) helps.",
    ),
    "exploding": (
        "warning",
        "The values explode at {title}: they reach {largest}. Gradients then explode as well and training "
        "diverges. Put a normalization before it, or start from smaller weights (another initializer).",
    ),
    "vanishing": (
        "warning",
        "The values vanish at {title}: the largest is {largest}. The blocks after it see next to nothing "
        "and learn slowly. Put a normalization before it, or start from larger weights (another "
        "initializer).",
    ),
}
