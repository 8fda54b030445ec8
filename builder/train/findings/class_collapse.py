"""Class collapse: the model gives one answer to everything."""

from __future__ import annotations

from builder.train.findings.evidence import Evidence, Finding

ONE_ANSWER = 0.95
NOT_SO_COMMON = 0.9
IMBALANCED = 2.0


def find(evidence: Evidence) -> Finding | None:
    """Return the finding where almost all answers are one class, which is not that common."""
    answers = evidence.samples[-1].get("answers") if evidence.samples else None
    if not answers or not evidence.class_shares or not evidence.epochs:
        return None
    most = max(answers)
    place = list(answers).index(most)
    if most < ONE_ANSWER or evidence.class_shares[place] > NOT_SO_COMMON:
        return None
    words = (
        f"{most:.0%} of the answers on a sample of the training data are class number {place + 1}, to which "
        f"only {evidence.class_shares[place]:.0%} of the samples belong. The model ignores its input."
    )
    average = 1 / len(evidence.class_shares)
    is_imbalanced = evidence.class_shares[place] > IMBALANCED * average or max(
        evidence.class_shares
    ) > IMBALANCED * min(evidence.class_shares)
    is_balanced = {evidence.settings[name] for name in ("class_weights", "resampling")} != {"none"}
    if is_imbalanced and not is_balanced:
        change = evidence.training_change("Give rare classes more weight", class_weights="balanced")
    else:
        change = evidence.other_rate(0.1)
    return Finding("class_collapse", "One answer for everything", words, change)
