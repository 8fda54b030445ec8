"""The moving average of the weights, in the model for as long as it is measured or kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from builder.adversarial.model import AdversarialModel
from builder.train.optimizers import changes_weights
from builder.train.untouched import restored


@contextmanager
def averaged_weights(model: keras.Model) -> Iterator[None]:
    """Give a model the moving average of its weights, where its optimizer keeps one, and take it back.

    Before the first step the average is empty, and the model keeps its weights.
    """
    if not _has_average(model):
        yield
        return
    with restored(_averaged(model)):
        take_average(model)
        yield


def take_average(model: keras.Model) -> None:
    """Give a model the moving average of its weights for good, where its optimizer keeps one."""
    if _has_average(model):
        model.optimizer.finalize_variable_values(_averaged(model))


def _has_average(model: keras.Model) -> bool:
    optimizer = changes_weights(model.optimizer)
    return bool(optimizer.use_ema) and int(optimizer._iterations) > 0


def _averaged(model: keras.Model) -> list[keras.Variable]:
    part = model.generator if isinstance(model, AdversarialModel) else model
    return list(part.trainable_variables)
