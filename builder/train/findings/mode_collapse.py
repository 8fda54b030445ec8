"""Mode collapse: a generator makes the same few samples of whatever noise."""

from __future__ import annotations

from builder.adversarial_parameters import WASSERSTEIN
from builder.train.findings.evidence import Evidence, Finding

# A generator makes noise at first, whose variety says nothing.
EPOCHS_AT_LEAST = 3
LOW = 0.4
EPOCHS_LOW = 2


def find(evidence: Evidence) -> Finding | None:
    """Return the finding where made samples are far less varied than real ones, for some epochs on end."""
    curve = evidence.curve("val_diversity")
    if len(curve) < EPOCHS_AT_LEAST or max(curve[-EPOCHS_LOW:]) > LOW:
        return None
    words = (
        f"What the generator makes is only {curve[-1]:.0%} as varied as the real samples: it found a few "
        "that the discriminator takes for real, and makes them of whatever noise (mode collapse). The "
        "weights of the epoch with the smallest distance are kept."
    )
    if evidence.settings["adversarial_loss"] != WASSERSTEIN:
        change = evidence.training_change(
            "Use the Wasserstein loss with gradient penalty and five discriminator steps",
            adversarial_loss=WASSERSTEIN,
            discriminator_steps=5,
        )
    else:
        change = evidence.other_rate(0.5)
    return Finding("mode_collapse", "Samples that are all alike", words, change)
