"""What goes wrong in a training, in plain words, with the evidence and a change that may mend it."""

from __future__ import annotations

from collections.abc import Callable

from builder.train.findings import (
    class_collapse,
    dead_units,
    discriminator_wins,
    divergence,
    learning_rate_too_high,
    learning_rate_too_low,
    mode_collapse,
    overfitting,
    plateau,
    underfitting,
)
from builder.train.findings.evidence import Evidence, Finding

# The gravest first: where the first group speaks, what follows from it is left unsaid.
FINDERS: tuple[tuple[Callable[[Evidence], Finding | None], ...], ...] = (
    (divergence.find, learning_rate_too_high.find),
    (dead_units.find, class_collapse.find),
    (overfitting.find, learning_rate_too_low.find),
    (plateau.find, underfitting.find),
)


def findings(evidence: Evidence) -> list[Finding]:
    """Return what is found in the evidence so far, the gravest first, at most one of each group."""
    found: list[Finding] = []
    for group in FINDERS:
        hits = [finding for find in group if (finding := find(evidence)) is not None]
        found += hits[:1]
        if group is FINDERS[0] and hits:
            break
    return found


def adversarial_findings(evidence: Evidence) -> list[Finding]:
    """Return what is found in a generator's training; its losses tell nothing by their height."""
    hits = [find(evidence) for find in (mode_collapse.find, discriminator_wins.find)]
    return [finding for finding in hits if finding is not None][:1]


__all__ = ["Evidence", "Finding", "adversarial_findings", "findings"]
