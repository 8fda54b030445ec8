"""What a recipe for smaller models adds to a training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

Step = Callable[[Any], dict[str, Any]]


def _as_it_is(model: keras.Model, updates: int) -> Callable[[Step], Step]:
    return lambda step: step


@dataclass(frozen=True)
class Shaping:
    """How training steps are bent, which epochs count, and which model is kept.

    ``around`` is given the compiled model and the number of updates of the whole run; it returns what makes a
    shaped step of a step. It may keep no state but in the model's variables, so that a run goes on exactly.
    ``settled`` is the share of the run before which no epoch can be the best: the shape is not reached until
    then. ``kept`` is the model that is saved and scored afterwards, where it is not the trained one; both
    share their weights.
    """

    around: Callable[[keras.Model, int], Callable[[Step], Step]] = _as_it_is
    settled: float = 0.0
    kept: keras.Model | None = None
