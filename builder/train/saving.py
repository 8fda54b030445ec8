"""When a run writes what it needs to go on, and how it goes on from there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from builder.adversarial.model import optimizers_of
from builder.train.averaging import take_average
from builder.train.checkpoint import assign, copies, read_checkpoint, write_checkpoint
from builder.train.diagnosis import NotFinite, layer_with_bad_weights
from builder.train.run_state import Position, RunState
from builder.train.smaller_batches import resized
from builder.train.timing import Stopwatch

# An epoch's end is saved unless a save is this young: replaying so little is exact and costs less.
EPOCH_END_SECONDS = 2.0
CHECKPOINT, BEST = "checkpoint.npz", "best.npz"


class Saver:
    """Writes and reads the checkpoint and the best weights of one run.

    Args:
        model: a compiled model with all its variables.
        state: the run's state, which is saved and restored.
        folder: the run's folder, for ``checkpoint.npz`` and ``best.npz``.
        checkpoint_seconds: the most that a kill can cost.
        before: called before each checkpoint.
    """

    def __init__(
        self,
        model: keras.Model,
        state: RunState,
        folder: Path,
        checkpoint_seconds: float,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self._model, self._state, self._before = model, state, before
        self._checkpoint, self._best = folder / CHECKPOINT, folder / BEST
        self._seconds = checkpoint_seconds
        self._unsaved_best = False
        self._saved_at = time.perf_counter()
        self.stopwatch = Stopwatch()

    def resume(self, rows: int) -> int | None:
        """Take over the checkpoint if there is one, and return its step; else write the first one.

        The step is the one that was counted when the checkpoint was written, with larger batches perhaps.

        Args:
            rows: the training samples of an epoch.

        Raises:
            BuilderError: ``broken_checkpoint`` where it cannot be used.
            NotFinite: where there is none and the fresh weights are not finite.
        """
        found = read_checkpoint(self._checkpoint)
        if found is None:
            self.save()
            return None
        groups, state = found
        step = int(state["position"]["global_step"])
        is_resized = state["batch"] != self._state.batch
        if is_resized:
            groups, state = resized(groups, state, self._model, self._state.batch, rows)
        self._assign(groups)
        self._state.restore(state)
        best = read_checkpoint(self._best) if self._state.best.epoch else None
        self._state.best_weights = None if best is None else best[0]["model"]
        if is_resized:
            # Whoever goes back to the checkpoint must find the batches of now.
            self.save()
        return step

    def rewind(self) -> Position | None:
        """Give the model its values in the checkpoint and return their position; None without checkpoint."""
        found = read_checkpoint(self._checkpoint)
        if found is None:
            return None
        self._assign(found[0])
        return Position(**found[1]["position"])

    def save_if_due(self) -> None:
        """Save where the last save is older than a kill may cost."""
        self._save_if_older_than(self._seconds)

    def save_at_epoch_end(self) -> None:
        """Save unless the last save is quite young."""
        self._save_if_older_than(min(EPOCH_END_SECONDS, self._seconds))

    def save(self) -> None:
        """Write the checkpoint and, where they are new, the best weights.

        Raises:
            BuilderError: ``disk_full`` or ``unwritable``.
            NotFinite: where the weights are not finite; the checkpoint before stays.
        """
        if layer_with_bad_weights(self._model):
            raise NotFinite
        state = self._state
        state.position.seconds += self.stopwatch.lap()
        if self._unsaved_best and state.best_weights is not None:
            # First, so that a kill in between leaves a best epoch that the replay finds again.
            best = {"epoch": state.best.epoch, "metrics": state.best.metrics}
            write_checkpoint(self._best, {"model": state.best_weights}, best)
            self._unsaved_best = False
        self._before()
        write_checkpoint(self._checkpoint, self._values(), state.to_json())
        self._saved_at = time.perf_counter()

    def keep_best_weights(self) -> None:
        """Remember the model's weights as the best ones; the next save writes them."""
        self._state.best_weights = copies(self._model.variables)
        self._unsaved_best = True

    def take_best_weights(self) -> None:
        """Give the model its best weights; where no epoch has ended, it keeps those that it has.

        Where the weights are averaged, the best ones are averages already, and so are these.
        """
        if self._state.best_weights is not None:
            assign(self._model.variables, self._state.best_weights, self._best)
        else:
            take_average(self._model)

    def _save_if_older_than(self, seconds: float) -> None:
        if time.perf_counter() - self._saved_at >= seconds:
            self.save()

    def _assign(self, groups: Mapping[str, list[np.ndarray]]) -> None:
        for name, variables in self._values().items():
            assign(variables, groups.get(name, []), self._checkpoint)

    def _values(self) -> dict[str, list[Any]]:
        # `variables`, because `weights` leaves out the state of the random generators.
        return {
            "model": self._model.variables,
            "optimizer": [item for made in optimizers_of(self._model) for item in made.variables],
            "metrics": self._model.metrics_variables,
        }
