"""How scores are spoken of: their names, shares in percent, others in their own unit; which loss is none."""

from __future__ import annotations

from typing import Any

METRIC_NAMES = {
    "accuracy": "Accuracy",
    "loss": "Loss",
    "mean_absolute_error": "Average error",
    "mean_squared_error": "Mean squared error",
    "root_mean_squared_error": "Root mean squared error",
    "r2": "R²",
    "frechet_distance": "Distance to real samples",
    "floor": "Real to real",
    "diversity": "Variety",
    "closeness": "Closeness to training samples",
    "perplexity": "Perplexity",
    "character_error_rate": "Wrong characters",
    "exact_matches": "Without an error",
    "bits_per_token": "Bits a character",
    "entity_f1": "F1 of whole names",
    "mean_iou": "Mean IoU",
    "pixel_accuracy": "Right pixels",
    "mean_average_precision": "Mean average precision",
    "micro_f1": "F1 (all labels together)",
    "bleu": "BLEU",
    "rouge_l": "ROUGE-L",
    "macro_f1": "F1 (average over classes)",
    "subset_accuracy": "All labels right",
    "label_accuracy": "Labels right",
    "quadratic_weighted_kappa": "Weighted kappa",
    "poisson_deviance": "Poisson deviance",
    "roc_auc": "Area under the ROC curve",
    "precision": "Precision",
    "recall": "Recall",
    "top_5_accuracy": "Top-5 accuracy",
}

# Beside every accuracy. A hundredth of these is called a point.
_SHARES = frozenset(
    {
        "agreement",
        "character_error_rate",
        "entity_f1",
        "exact_matches",
        "macro_f1",
        "mean_average_precision",
        "mean_iou",
        "micro_f1",
        "precision",
        "recall",
    }
)
# A smaller loss is called none: a sample or two decide it.
_NO_POINTS = 0.005
# The same for a score in a unit of its own, as a part of the score.
_NO_PART = 0.01


def is_share(metric: str) -> bool:
    """Tell whether a score is a share, from 0 to 1, of which a hundredth is called a point."""
    return "accuracy" in metric or metric in _SHARES


def is_loss(metric: str, before: float, change: float) -> bool:
    """Tell whether a change of a score is a loss worth speaking of.

    Args:
        metric: the score's name.
        before: the score before the change.
        change: by how much it has become better; negative where it has become worse.
    """
    return change < -(_NO_POINTS if is_share(metric) else _NO_PART * abs(before))


def metric_name(name: str) -> str:
    """Return a score's name in words."""
    return METRIC_NAMES.get(name, name.replace("_", " ").capitalize())


def metric_value(name: str, value: Any) -> str:
    """Return a score's value in words: a share in percent, another number as it is; a dash for none."""
    if not isinstance(value, (int, float)):
        return "–"
    return f"{value:.1%}" if is_share(name) else number_words(value)


def metric_words(name: str) -> str:
    """Return a score's name as it stands within a sentence: "accuracy", "mean IoU", "BLEU"."""
    words = metric_name(name)
    return words if words[:2].isupper() else words[0].lower() + words[1:]


def milliseconds(value: float | None) -> str:
    """Return a length of time in words, or a dash where it is unknown."""
    return "–" if value is None else f"{number_words(value, 2)} ms"


def number_words(value: float, digits: int = 4) -> str:
    """Return a number as people write it, with so many digits: 38,960 and 0.7567, but no 3.896e+04."""
    return f"{value:,.0f}" if abs(value) >= 10 ** (digits - 1) else f"{value:,.{digits}g}"
