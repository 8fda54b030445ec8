"""A plateau: the loss fell, and then stands."""

from __future__ import annotations

from builder.train.findings.evidence import Evidence, Finding, relative_fall

STANDING_EPOCHS = 4
STILL = 0.01
FELL_BEFORE = 0.2


def find(evidence: Evidence) -> Finding | None:
    """Return the finding where the training loss, after a fall, has stood for some epochs."""
    curve = evidence.curve("loss")
    if len(curve) < STANDING_EPOCHS + 2:
        return None
    standing = curve[-STANDING_EPOCHS:]
    spread = (max(standing) - min(standing)) / max(abs(standing[0]), 1e-12)
    if spread > STILL or relative_fall(curve) < FELL_BEFORE or standing[-1] < 1e-3:
        return None
    words = (
        f"The loss on the training data fell from {curve[0]:.3g} to {standing[0]:.3g} and has moved by only "
        f"{spread:.2%} in the last {STANDING_EPOCHS} epochs. Smaller steps often go on from here."
    )
    if evidence.settings["schedule"] == "constant":
        label = "Lower the learning rate on a plateau"
        change = evidence.training_change(label, schedule="plateau", plateau_patience=2)
    else:
        change = evidence.other_rate(3)
    return Finding("plateau", "The loss stands still", words, change)
