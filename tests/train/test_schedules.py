"""Learning rates have the promised values at the promised steps, and survive serialisation."""

import keras
import pytest
from train_case import settings

from builder.project import TRAINING_PARAMETERS
from builder.train.optimizers import learning_rate, make_optimizer
from builder.training_plan.optimizer import OPTIMIZERS

STEPS_PER_EPOCH = 10
EXPECTED = {
    # name: rate at the beginning, after half and at the end of 10 epochs
    "constant": (1.0, 1.0, 1.0),
    "cosine": (1.0, 0.5, 0.0),
    "exponential": (1.0, 0.1, 0.01),
    "step": (1.0, 1.0, 0.01),
}


def rate_at(rate, step):
    return float(rate(step)) if callable(rate) else rate


@pytest.mark.parametrize("name", EXPECTED)
def test_values(name):
    rate = learning_rate(settings(schedule=name, learning_rate=1.0, epochs=10), STEPS_PER_EPOCH)
    found = [rate_at(rate, step) for step in (0, 50, 100)]
    assert found == pytest.approx(EXPECTED[name], abs=1e-6)


@pytest.mark.parametrize("name", EXPECTED)
def test_warmup_rises_linearly_to_the_schedule_and_is_serialisable(name):
    chosen = settings(schedule=name, learning_rate=1.0, epochs=10)
    plain = learning_rate(chosen, STEPS_PER_EPOCH)
    rate = learning_rate({**chosen, "warmup_epochs": 2}, STEPS_PER_EPOCH)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(rate))
    for step, share in ((0, 0.05), (9, 0.5), (19, 1.0), (60, 1.0)):
        assert rate_at(rate, step) == pytest.approx(share * rate_at(plain, step), abs=1e-6)
        assert rate_at(again, step) == rate_at(rate, step)


def test_every_optimizer_of_the_form_takes_all_settings():
    form = next(parameter for parameter in TRAINING_PARAMETERS if parameter.name == "optimizer")
    assert set(form.type.options) == set(OPTIMIZERS)
    for name in OPTIMIZERS:
        chosen = settings(optimizer=name, weight_decay=0.01, clip_norm=1.0, warmup_epochs=1)
        optimizer = make_optimizer(chosen, STEPS_PER_EPOCH)
        assert (optimizer.weight_decay, optimizer.global_clipnorm) == (0.01, 1.0)
        assert make_optimizer(settings(optimizer=name), STEPS_PER_EPOCH).weight_decay in (None, 0.0)
