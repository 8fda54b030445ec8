"""Whether an explanation is to be believed: what its ranking does to the answer, beside chance."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from builder.data.some_rows import spread
from builder.explain.local.answer import Answer
from builder.explain.local.units import Units

RANDOM_RANKINGS = 20
# So few parts have fewer orders than are drawn: all of them are compared.
_FEW_PARTS = 3
# Answers that are closer than this share of the largest one are the same but for rounding.
_SAME = 1e-5
_MOST_STEPS = 16
# So large a share of rankings by chance must be worse for a ranking to be called good.
_CLEARLY = 0.9
ONE_PART = "There is one part only, so no order of parts can be compared with chance."
VERDICTS = {
    "trust": "Trust: what it marks moves the answer more than parts picked by chance, both ways.",
    "care": "Take care: what it marks moves the answer more than chance in one direction only.",
    "doubt": "Do not trust: parts picked by chance move the answer as much as what it marks.",
}


@dataclass(frozen=True)
class Faithfulness:
    """How the answer follows an explanation's ranking.

    ``deletion`` is the mean answer while the units are taken away, the most important first (low is good);
    ``insertion`` while they are put back in the same order (high is good). ``deletion_rank`` and
    ``insertion_rank`` are the shares of the rankings by chance that do worse, of those that do not do the
    same. The curves are kept for display.
    """

    parts: int
    deletion: float
    insertion: float
    deletion_rank: float
    insertion_rank: float
    deletion_curve: list[float]
    insertion_curve: list[float]
    random_deletion: list[float]
    random_insertion: list[float]

    @property
    def verdict(self) -> str:
        """ "trust", "care" or "doubt"."""
        if self.parts == 1:
            return "care"
        good = [rank >= _CLEARLY for rank in (self.deletion_rank, self.insertion_rank)]
        return "trust" if all(good) else "care" if any(good) else "doubt"

    def to_json(self) -> dict[str, Any]:
        """Return the figures, the verdict and its words as JSON-ready data."""
        return {
            "deletion": self.deletion,
            "insertion": self.insertion,
            "deletion_rank": self.deletion_rank,
            "insertion_rank": self.insertion_rank,
            "deletion_curve": self.deletion_curve,
            "insertion_curve": self.insertion_curve,
            "random_deletion": self.random_deletion,
            "random_insertion": self.random_insertion,
            "verdict": self.verdict,
            "words": ONE_PART if self.parts == 1 else VERDICTS[self.verdict],
        }


def faithfulness(answer: Answer, units: Units, scores: np.ndarray, seed: int = 1) -> Faithfulness:
    """Return how far the answer follows a ranking of the units, beside rankings by chance.

    Reference: Petsiuk, Das & Saenko, RISE (2018), section 4.3.
    """
    own = np.argsort(-np.asarray(scores), kind="stable")
    orders = [own, *_other_orders(own, seed)]
    taken = np.array(spread(units.count + 1, _MOST_STEPS + 1))
    masks = np.concatenate([_missing(order, taken) for order in orders])
    deleted = answer.values(units.masked(~masks)).reshape(len(orders), len(taken))
    inserted = answer.values(units.masked(masks)).reshape(len(orders), len(taken))
    fall, rise = deleted.mean(axis=1), inserted.mean(axis=1)
    same = _SAME * float(np.abs(deleted).max())
    return Faithfulness(
        parts=units.count,
        deletion=float(fall[0]),
        insertion=float(rise[0]),
        deletion_rank=_share_beaten(fall[1:] - fall[0], same),
        insertion_rank=_share_beaten(rise[0] - rise[1:], same),
        deletion_curve=deleted[0].tolist(),
        insertion_curve=inserted[0].tolist(),
        random_deletion=deleted[1 if len(orders) > 1 else 0 :].mean(axis=0).tolist(),
        random_insertion=inserted[1 if len(orders) > 1 else 0 :].mean(axis=0).tolist(),
    )


def _other_orders(own: np.ndarray, seed: int) -> list[np.ndarray]:
    if len(own) <= _FEW_PARTS:
        return [np.array(order) for order in permutations(range(len(own))) if order != tuple(own)]
    random = np.random.default_rng(seed)
    return [random.permutation(len(own)) for _ in range(RANDOM_RANKINGS)]


def _share_beaten(ahead: np.ndarray, same: float) -> float:
    """Return the share of rankings that are beaten, of those that do not do the same; 0 where all do."""
    different = np.abs(ahead) > same
    return float(np.mean(ahead[different] > 0)) if different.any() else 0.0


def _missing(order: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Return, for each number of units, which are among the first so many of an order."""
    place = np.empty(len(order), int)
    place[order] = np.arange(len(order))
    return place[None] < taken[:, None]
