"""A factor of a layer's learning rate holds for all that a step does to its weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from builder.training_plan.learning_rate_factors import with_learning_rate_factors


@pytest.mark.parametrize("made", [keras.optimizers.SGD, keras.optimizers.AdamW, keras.optimizers.Muon])
@pytest.mark.parametrize("traced", [False, True])
def test_weights_decay_as_fast_as_their_layer_learns(made, traced):
    layers = [
        keras.layers.Dense(3, kernel_initializer="ones", name=name) for name in ("still", "slow", "fast")
    ]
    model = keras.Sequential([keras.Input((3,)), *layers])
    decays = {"weight_decay": 0.1, **({"adam_weight_decay": 0.1} if made is keras.optimizers.Muon else {})}
    optimizer = with_learning_rate_factors(made(1.0, **decays), model, {"still": 0.0, "slow": 0.5})
    optimizer.build(model.trainable_variables)

    def step():
        optimizer.apply([keras.ops.zeros_like(item) for item in model.trainable_variables])

    (tf.function(step) if traced else step)()
    left = [np.asarray(layer.kernel)[0, 0] for layer in layers]
    np.testing.assert_allclose(left, [1.0, 0.95, 0.9], rtol=1e-6)
