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
    "polynomial": (1.0, 0.5, 0.0),
    "inverse_square_root": (1.0, (10 / 51) ** 0.5, (10 / 101) ** 0.5),
    "one_cycle": (0.04, 0.811745, 0.000004),
    "plateau": (1.0, 1.0, 1.0),
    "cosine_restarts": (1.0, 1.0, 0.5),
}
WARMED = [name for name in EXPECTED if name not in ("plateau", "one_cycle", "inverse_square_root")]


def rate_at(rate, step):
    return float(rate(step)) if callable(rate) else rate


@pytest.mark.parametrize("name", EXPECTED)
def test_values(name):
    rate = learning_rate(settings(schedule=name, learning_rate=1.0, epochs=10), STEPS_PER_EPOCH)
    found = [rate_at(rate, step) for step in (0, 50, 100)]
    assert found == pytest.approx(EXPECTED[name], abs=1e-6)


def test_the_transformers_schedule_rises_and_falls_with_the_inverse_square_root():
    chosen = settings(schedule="inverse_square_root", learning_rate=1.0, warmup_epochs=2)
    rate = learning_rate(chosen, STEPS_PER_EPOCH)
    found = [rate_at(rate, step) for step in (0, 9, 19, 79)]
    assert found == pytest.approx([0.05, 0.5, 1.0, 0.5], abs=1e-6)


def test_a_warmup_counts_only_where_the_schedule_has_none_of_its_own():
    for name in ("one_cycle", "plateau"):
        plain, warmed = (
            learning_rate(settings(schedule=name, warmup_epochs=epochs), STEPS_PER_EPOCH) for epochs in (0, 3)
        )
        assert rate_at(plain, 5) == rate_at(warmed, 5)


@pytest.mark.parametrize("name", ["cosine", "cosine_restarts", "polynomial"])
def test_a_minimum_is_where_the_fall_ends(name):
    chosen = settings(
        schedule=name, learning_rate=1.0, epochs=10, minimum_learning_rate=0.2, restart_epochs=10
    )
    rate = learning_rate(chosen, STEPS_PER_EPOCH)
    assert rate_at(rate, 99.99) == pytest.approx(0.2, abs=1e-3)


@pytest.mark.parametrize("name", WARMED)
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
        chosen = settings(optimizer=name, weight_decay=0.01, clip_norm=1.0, warmup_epochs=1, use_ema=True)
        optimizer = make_optimizer(chosen, STEPS_PER_EPOCH)
        assert (optimizer.weight_decay, optimizer.global_clipnorm, optimizer.use_ema) == (0.01, 1.0, True)
        assert make_optimizer(settings(optimizer=name), STEPS_PER_EPOCH).weight_decay in (None, 0.0)


@pytest.mark.parametrize(
    ("chosen", "attribute", "value"),
    [
        ({"optimizer": "sgd"}, "momentum", 0.9),
        ({"optimizer": "sgd", "momentum": 0.0, "nesterov": False}, "nesterov", False),
        ({"optimizer": "adam", "beta_2": 0.95}, "beta_2", 0.95),
        ({"optimizer": "adam", "amsgrad": True}, "amsgrad", True),
        ({"optimizer": "muon", "beta_1": 0.8}, "adam_beta_1", 0.8),
        ({"optimizer": "rmsprop", "rho": 0.99, "beta_1": 0.1}, "rho", 0.99),
        ({"clip_norm": 2.0, "clip_by": "value"}, "clipvalue", 2.0),
        ({"clip_norm": 2.0, "clip_by": "norm"}, "clipnorm", 2.0),
        ({"accumulation_steps": 4}, "gradient_accumulation_steps", 4),
    ],
)
def test_a_setting_reaches_the_optimizer(chosen, attribute, value):
    assert getattr(make_optimizer(settings(**chosen), STEPS_PER_EPOCH), attribute) == value
