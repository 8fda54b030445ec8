"""Overfitting: the training data are learned by heart, at the cost of all others."""

from __future__ import annotations

from typing import Any

from builder.train.findings.evidence import Evidence, Finding

EPOCHS_SINCE_BEST = 2
LEAST_RISE = 0.05
WEIGHT_DECAY = 0.01


def find(evidence: Evidence) -> Finding | None:
    """Return the finding where the validation loss rises and the training loss still falls."""
    training, held_out = evidence.curve("loss"), evidence.curve("val_loss")
    if len(held_out) < EPOCHS_SINCE_BEST + 1:
        return None
    best = held_out.index(min(held_out))
    if held_out[best] < 0:
        # The loss of counts may lie below zero, where no share of it tells how far it rose.
        return None
    rise = held_out[-1] / max(held_out[best], 1e-12) - 1
    if len(held_out) - 1 - best < EPOCHS_SINCE_BEST or rise < LEAST_RISE or training[-1] >= training[best]:
        return None
    words = (
        f"Since epoch {best + 1} the loss on the training data fell from {training[best]:.3g} to "
        f"{training[-1]:.3g}, but on the validation data it rose from {held_out[best]:.3g} to "
        f"{held_out[-1]:.3g} ({rise:.0%}). The model learns the training samples by heart. The weights of "
        f"epoch {best + 1} are kept. More data, augmentation, dropout or a smaller model help as well."
    )
    return Finding("overfitting", "Overfitting", words, _change(evidence))


def _change(evidence: Evidence) -> dict[str, Any]:
    decay = evidence.settings["weight_decay"]
    stronger = WEIGHT_DECAY if not decay else min(decay * 3, 0.3)
    values: dict[str, Any] = {"weight_decay": float(f"{stronger:.2g}")}
    label = f"Set the weight decay to {stronger:.2g}"
    if evidence.settings["optimizer"] == "adam":
        return evidence.training_change(f"{label} and use AdamW", optimizer="adamw", **values)
    return evidence.training_change(label, **values)
