"""Loss and metrics of a model in training over a part of the data."""

from __future__ import annotations

from collections.abc import Callable

import keras

from builder.adversarial.model import AdversarialModel
from builder.train.steps import Steps
from builder.train.training_data import TrainingData
from builder.train.untouched import restored


def running_values(model: keras.Model) -> dict[str, float]:
    """Return loss and metrics over the samples since the metrics were reset.

    Of several outputs the first has metrics of plain names; those of the others begin with the output's name.
    """
    found = {name: float(value) for name, value in model.get_metrics_result().items()}
    if isinstance(model, AdversarialModel) or len(model.outputs) == 1:
        return found
    first = f"{model.output_names[0]}_"
    own_loss = f"{first}loss"
    return {name if name == own_loss else name.removeprefix(first): value for name, value in found.items()}


class Evaluator:
    """Measures a compiled model on a part of the data.

    Args:
        model: a compiled model.
        data: the run's data.
        most_steps: an upper limit on the steps that one call into TensorFlow runs.
    """

    def __init__(self, model: keras.Model, data: TrainingData, most_steps: int) -> None:
        self._model, self._data = model, data
        self._steps = Steps(model.test_step, most_steps)

    def measure(self, part: str, between: Callable[[], None] = lambda: None) -> dict[str, float]:
        """Return loss and metrics over a part, or nothing where it has no rows.

        The running values of training are the same afterwards.

        Args:
            part: "validation" or "test".
            between: called after each call into TensorFlow; what it raises ends the measuring.
        """
        if not self._data.rows[part]:
            return {}
        # A stop in here may still write a checkpoint, which needs the running values of training.
        with restored(self._model.metrics_variables):
            self._model.reset_metrics()
            self._run(part, between)
            return running_values(self._model)

    def _run(self, part: str, between: Callable[[], None]) -> None:
        remaining = self._data.steps(part)
        iterator = self._data.evaluation_batches(part)
        while remaining:
            done, finite = self._steps.run(iterator, remaining)
            remaining = remaining - done if finite else 0
            between()
