"""Divergence: the training loss rises instead of falling."""

from __future__ import annotations

from builder.train.findings.evidence import Evidence, Finding

RISE = 1.5
BEYOND_CHANCE = 3.0
# A loss near 0 trembles by more than its half from epoch to epoch; that gives up little of what was learned.
GIVEN_UP = 0.1


def find(evidence: Evidence) -> Finding | None:
    """Return the finding where the training loss is far above what it was, or above guessing."""
    curve, chance = evidence.curve("loss"), evidence.chance_loss
    if not curve:
        return None
    lowest = min(curve)
    given_up = evidence.share_learned(lowest) - evidence.share_learned(curve[-1])
    if curve[-1] > RISE * lowest > 0 and given_up > GIVEN_UP:
        words = f"The loss on the training data rose from {lowest:.3g} to {curve[-1]:.3g}."
    elif chance is not None and curve[-1] > BEYOND_CHANCE * chance:
        words = (
            f"The loss on the training data is {curve[-1]:.3g} after {len(curve)} epoch(s), far above the "
            f"{chance:.3g} of guessing."
        )
    else:
        return None
    more = {} if 0 < evidence.settings["clip_norm"] <= 1 else {"clip_norm": 1.0}
    words += " The steps are so large that they overshoot."
    return Finding("divergence", "The training diverges", words, evidence.other_rate(0.1, **more))
