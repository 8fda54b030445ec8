"""When a generator's samples are kept: evenly over a run, more often at its beginning, a bounded number."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from builder.adversarial.model import AdversarialModel, make_samples
from builder.adversarial.noise import draw
from builder.data.pixels import as_pixels
from builder.runs.sample_grids import forget_later_grids, write_grid
from builder.train.untouched import untouched

MOST_GRIDS = 60
MOST_SAMPLES = 36
# A grid of large pictures holds fewer of them.
GRID_BYTES = 400_000


@dataclass
class GridKeeper:
    """Keeps what a generator makes of the same noise.

    Args:
        model: the pair in training.
        folder: the run's folder.
        total_steps: the steps that the run has in all.
        seed: draws the noise.
    """

    model: AdversarialModel
    folder: Path
    total_steps: int
    seed: int
    _latent: np.ndarray = field(init=False)
    _next: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        size = math.prod(self.model.sample_shape) * (1 if len(self.model.sample_shape) == 3 else 4)
        count = int(np.clip(GRID_BYTES // size, 4, MOST_SAMPLES))
        # Four, nine, sixteen, …: a square on the page.
        self._latent = draw(self.model.latent_shape, math.isqrt(count) ** 2, self.seed)

    def resume(self, step: int) -> None:
        """Go on from a step: later samples are void."""
        forget_later_grids(self.folder, step)
        self._next = step

    def keep_if_due(self, step: int) -> None:
        """Keep the samples of a step where enough steps have passed."""
        if step >= self._next:
            self.keep(step)

    def keep(self, step: int) -> None:
        """Keep the samples of a step."""
        with untouched(self.model):
            made = make_samples(self.model.generator_in_units, self._latent)
        if len(self.model.sample_shape) == 3:
            made = as_pixels(made)
        write_grid(self.folder, step, made)
        even = max(self.total_steps // MOST_GRIDS, 1)
        # The first steps change most.
        self._next = step + max(1, min(even, step // 2))
