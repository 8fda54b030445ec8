"""A learning rate that is too high: the loss jumps up and down and gets nowhere."""

from __future__ import annotations

from builder.train.findings.evidence import Evidence, Finding, relative_fall

FEWEST_EPOCHS = 4
JUMP = 0.05
LEAST_FALL = 0.1
# A loss that has come so far trembles because little is left of it.
LEARNED = 0.8


def find(evidence: Evidence) -> Finding | None:
    """Return the finding where the training loss rises again and again by more than it falls in the end."""
    curve = evidence.curve("loss")[-6:]
    if len(curve) < FEWEST_EPOCHS or relative_fall(curve) > LEAST_FALL:
        return None
    if evidence.share_learned(min(curve)) > LEARNED:
        return None
    rises = [later / max(earlier, 1e-12) - 1 for earlier, later in zip(curve, curve[1:], strict=False)]
    jumps = [rise for rise in rises if rise > JUMP]
    if len(jumps) < 2:
        return None
    words = (
        f"In the last {len(curve)} epochs the loss on the training data jumped up {len(jumps)} times, by "
        f"up to {max(jumps):.0%}, and went from {curve[0]:.3g} to {curve[-1]:.3g} in all. The steps jump "
        "over the valley that they look for."
    )
    title = "The learning rate is too high"
    return Finding("learning_rate_too_high", title, words, evidence.other_rate(0.1))
