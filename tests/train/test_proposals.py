"""A range test and measured batch sizes suggest settings that really train."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from train_case import image_model, linear_model, settings

from builder.data.prepare import prepare
from builder.data.preprocessing import model_input_tensors
from builder.errors import BuilderError
from builder.project import DataRecipe
from builder.train.batch_size import measure_batch_sizes
from builder.train.loop import fit
from builder.train.range_test import range_test, suggested


def few(digits, count):
    return replace(digits, indices={**digits.indices, "train": digits.indices["train"][:count]})


def test_the_suggested_learning_rate_trains_better_than_the_ends_of_the_range(digits, tmp_path):
    chosen = settings(optimizer="sgd", epochs=1)
    found = range_test(linear_model(chosen), digits, chosen, steps=60)
    assert len(found["rates"]) == len(found["losses"]) == len(found["smoothed"])
    assert found["rates"] == sorted(found["rates"]) and found["suggestion"] < found["at_minimum"]
    accuracies = []
    for number, rate in enumerate((1e-6, found["suggestion"], 10.0)):
        values = {**chosen, "learning_rate": rate}
        outcome = fit(linear_model(values), digits, values, tmp_path / str(number))
        accuracies.append(outcome.result["test"]["accuracy"])
    assert accuracies[1] > accuracies[0] + 0.2 and accuracies[1] >= accuracies[2]


def test_a_loss_that_never_falls_gives_no_suggestion(digits):
    chosen = settings(batch_size=20)
    image = keras.Input((32, 32, 1), name="image")
    # The pictures never reach the output.
    x = keras.layers.Rescaling(0.0)(keras.layers.Flatten()(image))
    model = keras.Model(image, keras.layers.Dense(10, activation="softmax", use_bias=False)(x))
    with pytest.raises(BuilderError, match="did not fall at any learning rate"):
        range_test(model, few(digits, 100), chosen, steps=20)


def test_the_suggestion_lies_on_the_slope_before_the_lowest_loss():
    rates = np.geomspace(1e-5, 1, 6).tolist()
    assert suggested(rates, [2.0, 1.9, 1.0, 0.9, 0.8, 3.0]) == pytest.approx((0.01, 0.1))
    assert suggested(rates, [1.0, 1.1, 1.2, 0.99, 1.4, 1.5]) is None


def test_a_loss_below_zero_is_followed_until_it_breaks_away(tmp_path):
    random = np.random.default_rng(0)
    size = random.normal(size=400)
    rows = [f"{x:.3f},{y}" for x, y in zip(size, random.poisson(30 * np.exp(0.5 * size)), strict=True)]
    file = tmp_path / "counts.csv"
    file.write_text("\n".join(["size,target", *rows]), encoding="utf-8")
    prepared = prepare(DataRecipe({"kind": "csv", "path": str(file)}, task="count"), tmp_path / "prepared")
    tensors, features = model_input_tensors(prepared.spec.inputs[0])
    layer = keras.layers.Dense(1, activation="exponential", bias_initializer=keras.initializers.Constant(3))
    found = range_test(keras.Model(tensors, layer(features)), prepared, settings(batch_size=140))
    assert found["losses"][0] < 0 and found["suggestion"] > 1e-4
    rates = np.geomspace(1e-5, 1, 6).tolist()
    assert suggested(rates, [-9.0, -9.1, -8.0, -7.0, -6.0, -5.0]) is None


def test_the_suggested_batch_size_is_the_smallest_that_is_about_as_fast(digits):
    chosen = settings()
    told = []
    found = measure_batch_sizes(
        lambda: image_model(chosen), few(digits, 700), chosen, lambda share, words: told.append(words)
    )
    speeds = {item["batch_size"]: item["samples_per_second"] for item in found["sizes"]}
    assert list(speeds) == [8, 16, 32, 64] and len(told) == 4
    smaller = [speed for size, speed in speeds.items() if size < found["suggestion"]]
    assert all(speed < 0.85 * max(speeds.values()) for speed in smaller)
    assert all(item["memory_bytes"] > 0 for item in found["sizes"])
