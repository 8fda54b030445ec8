"""The discriminator wins: it tells every sample apart, and the generator has nothing to learn from."""

from __future__ import annotations

from builder.adversarial_parameters import WASSERSTEIN
from builder.params import AUTO
from builder.train.findings.evidence import Evidence, Finding

EPOCHS_AT_LEAST = 3
EPOCHS_WON = 2
SURE = 0.97
LOWER = 0.25


def find(evidence: Evidence) -> Finding | None:
    """Return the finding where the discriminator is sure of nearly every sample, for some epochs on end."""
    if evidence.settings["adversarial_loss"] == WASSERSTEIN:
        # Its scores are no probabilities, and a discriminator that is ahead is what it wants.
        return None
    real, fake = evidence.curve("real_score"), evidence.curve("fake_score")
    if len(real) < EPOCHS_AT_LEAST:
        return None
    if min(real[-EPOCHS_WON:]) < SURE or max(fake[-EPOCHS_WON:]) > 1 - SURE:
        return None
    distance = evidence.curve("val_frechet_distance")
    if distance and min(distance) in distance[-EPOCHS_WON:]:
        # Ahead, but the generator still comes closer.
        return None
    words = (
        f"The discriminator takes real samples for real with {real[-1]:.1%} and made ones with "
        f"{fake[-1]:.1%}: it is sure of nearly every one, and the samples come no closer to the real ones."
    )
    own = evidence.settings["discriminator_learning_rate"]
    rate = evidence.settings["learning_rate"] if own == AUTO else own
    lower = float(f"{rate * LOWER:.2g}")
    change = evidence.training_change(
        f"Lower the discriminator's learning rate from {rate:g} to {lower:g}",
        discriminator_learning_rate=lower,
    )
    return Finding("discriminator_wins", "The discriminator wins", words, change)
