"""Explanations by taking parts away: occlusion, LIME and Shapley values. Any model, any input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from builder.explain.local.answer import Answer
from builder.explain.local.units import Units

# The width of LIME's kernel over cosine distances, as its authors have it.
_KERNEL_WIDTH = 0.25
_LIME_SAMPLES = 1000
# Samples without most of few parts weigh next to nothing: a strong ridge would hide what they tell.
_LIME_RIDGE = 0.001
_SHAPLEY_SAMPLES = 1024
Tick = Callable[[float], None]


@dataclass(frozen=True)
class Attribution:
    """How much each unit speaks for the answer, (count,), and how accurate the method says it is.

    ``accuracy`` maps a measure to its value: ``completeness_error`` and ``additivity_error`` (shares of
    the explained difference; 0 is best) or ``r2`` (1 is best).
    """

    scores: np.ndarray
    accuracy: dict[str, float] = field(default_factory=dict)


def occlusion(answer: Answer, units: Units, tick: Tick) -> Attribution:
    """Return how much the answer falls where one unit after the other is taken away.

    Reference: Zeiler & Fergus, Visualizing and Understanding Convolutional Networks (2014), section 4.2.
    """
    present = ~np.eye(units.count, dtype=bool)
    whole = _asked(answer, units, np.ones((1, units.count), bool), tick)[0]
    return Attribution(whole - _asked(answer, units, present, tick))


def lime(answer: Answer, units: Units, tick: Tick, seed: int = 1) -> Attribution:
    """Return the weights of a linear model that answers alike near the sample, and its weighted R².

    Reference: Ribeiro, Singh & Guestrin, "Why Should I Trust You?" (2016), section 3.
    """
    from sklearn.linear_model import Ridge

    random = np.random.default_rng(seed)
    present = random.random((_LIME_SAMPLES, units.count)) < 0.5
    present[0] = True
    answers = _asked(answer, units, present, tick)
    # The cosine distance between a mask of ones and zeros and the mask of ones alone.
    distance = 1 - np.sqrt(present.mean(axis=1))
    weights = np.exp(-((distance / _KERNEL_WIDTH) ** 2) / 2)
    fitted = Ridge(alpha=_LIME_RIDGE).fit(present, answers, weights)
    return Attribution(fitted.coef_, {"r2": float(fitted.score(present, answers, weights))})


def shapley(
    answer: Answer, units: Units, tick: Tick, seed: int = 1, coalitions: int = _SHAPLEY_SAMPLES
) -> Attribution:
    """Return Shapley values of the units, which add up to the answer minus that to a sample without any.

    Units that are as if they were taken away get 0, as they must, and are not asked about.

    Args:
        answer: what is explained.
        units: the sample's parts.
        tick: called with the done share.
        seed: of the coalitions that are drawn.
        coalitions: how many of them are asked about, beside two a unit.

    Reference: Lundberg & Lee, A Unified Approach to Interpreting Model Predictions (2017), section 4.1.
    """
    import shap

    differing = np.flatnonzero(units.differing)
    count, scores = len(differing), np.zeros(units.count)

    def ask(masks: np.ndarray) -> np.ndarray:
        present = np.ones((len(masks), units.count), bool)
        present[:, differing] = masks > 0.5
        return _asked(answer, units, present, tick)

    if count:
        state = np.random.get_state()
        np.random.seed(seed)
        try:
            explainer = shap.KernelExplainer(ask, np.zeros((1, count)))
            found = explainer.shap_values(
                np.ones((1, count)), nsamples=2 * count + coalitions, l1_reg=False, silent=True
            )
        finally:
            np.random.set_state(state)
        scores[differing] = np.asarray(found, np.float64).reshape(-1)
    ends = np.stack([np.ones(units.count, bool), np.zeros(units.count, bool)])
    whole, nothing = _asked(answer, units, ends, tick)
    return Attribution(scores, {"additivity_error": relative_error(scores.sum(), whole - nothing)})


def relative_error(found: float, wanted: float) -> float:
    """Return how far a sum is from what it should be, as a share of that; of nothing, as it is."""
    scale = abs(wanted)
    return float(abs(found - wanted) / scale if scale > 1e-6 else abs(found - wanted))


def _asked(answer: Answer, units: Units, present: np.ndarray, tick: Tick) -> np.ndarray:
    """Return the answers to samples of which only some units are present, some at a time."""
    parts = []
    for start in range(0, len(present), 256):
        parts.append(answer.values(units.masked(present[start : start + 256])))
        tick(min(1.0, (start + 256) / len(present)))
    return np.concatenate(parts)
