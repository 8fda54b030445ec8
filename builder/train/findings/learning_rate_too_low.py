"""A learning rate that is too low: the loss falls steadily, and hardly at all."""

from __future__ import annotations

from builder.train.findings.evidence import Evidence, Finding, relative_fall

FEWEST_EPOCHS = 3
MOST_FALL = 0.15
MUCH_LEFT = 0.5


def find(evidence: Evidence) -> Finding | None:
    """Return the finding where the training loss crawls down from where it began."""
    curve, chance = evidence.curve("loss"), evidence.chance_loss
    if len(curve) < FEWEST_EPOCHS or chance is None or curve[-1] < MUCH_LEFT * chance:
        return None
    falls = [later < earlier for earlier, later in zip(curve, curve[1:], strict=False)]
    # What flattens out is on a plateau; what crawls keeps its pace.
    halves = relative_fall(curve[: len(curve) // 2 + 1]), relative_fall(curve[len(curve) // 2 :])
    if not all(falls) or relative_fall(curve) > MOST_FALL or halves[1] < 0.4 * halves[0]:
        return None
    words = (
        f"In {len(curve)} epochs the loss on the training data fell from {curve[0]:.3g} to {curve[-1]:.3g} "
        f"only ({relative_fall(curve):.1%}), evenly and without a jump: the steps are too small."
    )
    title = "The learning rate is too low"
    return Finding("learning_rate_too_low", title, words, evidence.other_rate(10))
