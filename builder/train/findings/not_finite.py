"""A loss that is no number any more: the run has ended, and says which block was first."""

from __future__ import annotations

from builder.train.findings.evidence import Evidence, Finding


def finding(evidence: Evidence, words: str, layer: str | None) -> Finding:
    """Return the finding of a run that has ended because values are no longer numbers.

    Args:
        evidence: the run so far.
        words: what is known of the first of them.
        layer: the layer that it came out of, or None.
    """
    more = {} if 0 < evidence.settings["clip_norm"] <= 1 else {"clip_norm": 1.0}
    change = evidence.other_rate(0.1, **more)
    return Finding("not_finite", "Values are no longer numbers", words, change, layer)
