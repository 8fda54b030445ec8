"""What a run notices about itself: norms, histograms, and findings in plain words."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from builder.adversarial.model import AdversarialModel
from builder.data.resampling import RESAMPLED_TASKS
from builder.runs.files import read_json
from builder.runs.records import MetricRow
from builder.train.findings import Evidence, Finding, adversarial_findings, findings, not_finite
from builder.train.findings.guessing import answer_shares, guessing_loss
from builder.train.grid_keeper import GridKeeper
from builder.train.reporting import Reporter
from builder.train.run_state import RunState
from builder.train.tensor_samples import TENSORS_FILE, TensorSamples
from builder.train.training_data import TrainingData

logger = logging.getLogger(__name__)


class Observer:
    """Looks at a run between steps and after epochs, and tells what it sees.

    Args:
        model: a compiled model.
        data: the run's data.
        state: the run's state, whose history of epochs is read.
        settings: the project's training settings, defaults filled in.
        folder: the run's folder, for ``tensors.json``.
        reporter: hears it.
    """

    def __init__(
        self,
        model: keras.Model,
        data: TrainingData,
        state: RunState,
        settings: Mapping[str, Any],
        folder: Path,
        reporter: Reporter,
    ) -> None:
        self._state, self._settings, self._reporter = state, settings, reporter
        self._samples = TensorSamples(model, data, folder, read_json(folder / TENSORS_FILE) or [])
        task = data.prepared.spec.task
        self._class_shares = answer_shares(data.prepared) if task in RESAMPLED_TASKS else []
        self._chance_loss = guessing_loss(settings, data.prepared)
        self._known: set[str] = set()
        # What is looked at below is one model with one loss.
        self._is_blind = isinstance(model, AdversarialModel)
        self._grids = _grid_keeper(model, data, settings, folder)

    def begins(self) -> None:
        """Take in that the run goes on from the state's position."""
        if self._grids is not None:
            self._grids.resume(self._state.position.global_step)

    def steps_done(self) -> None:
        """Take a sample of weights and gradients, and of what a generator makes, where one is due."""
        if self._grids is not None:
            self._grids.keep_if_due(self._state.position.global_step)
        if self._samples.is_due():
            self._look(self._state.position.epoch + 1)

    def epoch_done(self, is_last: bool) -> None:
        """Look for what goes wrong; the state's history ends with this epoch."""
        if is_last and self._grids is not None:
            self._grids.keep(self._state.position.global_step)
        if is_last or not self._samples.samples:
            self._look(self._state.position.epoch)
        evidence = Evidence(
            self._settings, self._state.history, self._samples.samples, self._class_shares, self._chance_loss
        )
        self._tell_findings(findings(evidence) if self._grids is None else adversarial_findings(evidence))

    def diverged(self, words: str, layer: str | None) -> None:
        """Take in that the run ends because values are no longer numbers."""
        evidence = Evidence(self._settings, self._state.history, (), self._class_shares, self._chance_loss)
        self._tell_findings([not_finite.finding(evidence, words, layer)])

    def _look(self, epoch: int) -> None:
        if self._is_blind:
            return
        try:
            sample = self._samples.take(self._state.position.global_step, epoch)
        except Exception:
            # Training goes on without; what is wrong with the run itself, it will say itself.
            logger.exception("Weights and gradients could not be looked at, and are no more from here on")
            self._is_blind = True
        else:
            self._tell(sample)

    def _tell(self, sample: dict[str, Any]) -> None:
        rows = [
            MetricRow("step", sample["step"], sample["epoch"], name, sample[name])
            for name in ("gradient_norm", "weight_norm")
        ]
        self._reporter.metrics(rows)
        self._reporter.tensors(sample)

    def _tell_findings(self, found: list[Finding]) -> None:
        self._reporter.findings([finding.to_json() for finding in found])
        for finding in found:
            if finding.code not in self._known:
                self._reporter.event("finding", f"{finding.title}: {finding.words}")
        self._known |= {finding.code for finding in found}


def _grid_keeper(
    model: keras.Model, data: TrainingData, settings: Mapping[str, Any], folder: Path
) -> GridKeeper | None:
    if not isinstance(model, AdversarialModel):
        return None
    return GridKeeper(model, folder, settings["epochs"] * data.steps_per_epoch, settings["seed"])
