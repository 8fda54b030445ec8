"""Dead units: units whose output is 0 whatever comes in, so that they never learn again."""

from __future__ import annotations

from typing import Any

from builder.train.findings.evidence import Evidence, Finding

MANY = 0.5
# A loss that was so many times that of guessing tells of steps that were too large.
FAR_ABOVE = 3.0


def find(evidence: Evidence) -> Finding | None:
    """Return the finding for the layer with the most dead units, where these are many."""
    if not evidence.samples or not evidence.epochs:
        return None
    layers: dict[str, Any] = evidence.samples[-1]["layers"]
    shares = {name: facts["dead"] for name, facts in layers.items() if facts["dead"] is not None}
    if not shares:
        return None
    worst = max(shares, key=lambda name: shares[name])
    if shares[worst] < MANY:
        return None
    told = f"{shares[worst]:.0%} of the units in '{worst}' give 0 for every sample looked at"
    highest, chance = max(evidence.curve("loss"), default=0.0), evidence.chance_loss
    if chance is not None and highest > FAR_ABOVE * chance:
        words = (
            f"{told}, after the loss had gone up to {highest:.3g}, far above the {chance:.3g} of guessing. "
            "Steps that are too large have pushed these units to where they never answer again."
        )
        return Finding("dead_units", "Dead units", words, evidence.other_rate(0.1), worst)
    words = (
        f"{told}. Relu lets no gradient through there, so they stay dead. A leaky activation always lets "
        "some through."
    )
    edit = {"op": "set_parameter", "id": worst, "name": "activation", "value": "leaky_relu"}
    change = {"label": f"Use leaky relu in '{worst}'", "training": {}, "edits": [edit]}
    return Finding("dead_units", "Dead units", words, change, worst)
