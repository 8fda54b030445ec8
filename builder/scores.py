"""How scores are spoken of: shares in points, others in their own unit; and which loss of a score is none."""

from __future__ import annotations

# Beside every accuracy. A hundredth of these is called a point.
_SHARES = frozenset(
    {
        "agreement",
        "character_error_rate",
        "entity_f1",
        "exact_matches",
        "macro_f1",
        "mean_average_precision",
        "mean_iou",
        "micro_f1",
        "precision",
        "recall",
    }
)
# A smaller loss is called none: a sample or two decide it.
_NO_POINTS = 0.005
# The same for a score in a unit of its own, as a part of the score.
_NO_PART = 0.01


def is_share(metric: str) -> bool:
    """Tell whether a score is a share, from 0 to 1, of which a hundredth is called a point."""
    return "accuracy" in metric or metric in _SHARES


def is_loss(metric: str, before: float, change: float) -> bool:
    """Tell whether a change of a score is a loss worth speaking of.

    Args:
        metric: the score's name.
        before: the score before the change.
        change: by how much it has become better; negative where it has become worse.
    """
    return change < -(_NO_POINTS if is_share(metric) else _NO_PART * abs(before))
