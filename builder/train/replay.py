"""The steps that led to a divergence, done again one by one, to find what went wrong first."""

from __future__ import annotations

import keras

from builder.adversarial.model import AdversarialModel
from builder.train.diagnosis import Cause, bad_data, cause_in_batch, layer_with_bad_weights
from builder.train.saving import Saver
from builder.train.steps import Steps
from builder.train.training_data import TrainingData


def cause_of_divergence(
    model: keras.Model, data: TrainingData, train_steps: Steps, saver: Saver, until: int
) -> Cause:
    """Return what went wrong first; the model is left with the values of that step.

    Args:
        model: the diverged model.
        data: the run's data.
        train_steps: the function that trained it.
        saver: knows the last checkpoint, whose values are finite.
        until: the step where the divergence was seen, counted over all epochs from 1.
    """
    if cause := bad_data(data.prepared):
        return cause
    position = saver.rewind()
    if position is None:
        return Cause()
    iterator = None
    while True:
        if position.step == data.steps_per_epoch:
            position.end_epoch()
            iterator = None
        iterator = iterator or data.training_batches(position)
        if position.global_step >= until - 1:
            if isinstance(model, AdversarialModel):
                return Cause()
            return cause_in_batch(model, next(iterator)[0])
        train_steps.run(iterator, 1)
        position.advance(1)
        if layer := layer_with_bad_weights(model):
            return Cause(layer, f"The first weights that are not numbers appeared in the block '{layer}'.")
