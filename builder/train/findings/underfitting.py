"""Underfitting: not even the training data are learned."""

from __future__ import annotations

from builder.train.findings.evidence import Evidence, Finding, relative_fall

FEWEST_EPOCHS = 3
# So much of the loss of guessing is left, and nothing moves any more.
MUCH_LEFT = 0.6
STILL = 0.02


def find(evidence: Evidence) -> Finding | None:
    """Return the finding where the training loss stands near that of guessing."""
    curve, chance = evidence.curve("loss"), evidence.chance_loss
    if len(curve) < FEWEST_EPOCHS or chance is None or curve[-1] < MUCH_LEFT * chance:
        return None
    if relative_fall(curve[-FEWEST_EPOCHS:]) > STILL:
        return None
    words = (
        f"After {len(curve)} epochs the loss on the training data is {curve[-1]:.3g}; guessing without "
        f"looking at the input gives about {chance:.3g}. The model does not even learn the samples that it "
        "trains on: it may be too small, too strongly regularized, or the inputs may say too little."
    )
    settings = evidence.settings
    if settings["weight_decay"] > 0:
        change = evidence.training_change("Turn the weight decay off", weight_decay=0.0)
    else:
        change = evidence.other_rate(3)
    return Finding("underfitting", "Underfitting", words, change)
