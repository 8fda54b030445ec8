"""The losses of both sides are those of the articles, and penalties on weights count as in any training."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from builder.adversarial.losses import discriminator_loss, generator_loss, gradient_penalty
from builder.adversarial.pair import AdversarialPair
from builder.adversarial_parameters import HINGE, NON_SATURATING, WASSERSTEIN

REAL, MADE = np.array([[2.0], [0.5]], np.float32), np.array([[-3.0], [0.25]], np.float32)


def log_chance(score):
    return np.log(1 / (1 + np.exp(-score)))


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        (NON_SATURATING, -np.mean(log_chance(REAL) + log_chance(-MADE)), -np.mean(log_chance(MADE))),
        (HINGE, np.mean([[0.0], [0.5]]) + np.mean([[0.0], [1.25]]), -np.mean(MADE)),
        (WASSERSTEIN, np.mean(MADE) - np.mean(REAL), -np.mean(MADE)),
    ],
)
def test_a_loss_is_that_of_its_article(name, discriminator, generator):
    assert float(discriminator_loss(name, REAL, MADE)) == pytest.approx(discriminator, rel=1e-5)
    assert float(generator_loss(name, MADE)) == pytest.approx(generator, rel=1e-5)


def test_the_penalty_is_of_the_slope_at_the_places_between():
    real, made = (tf.constant(np.full((2, 3), value), tf.float32) for value in (0.0, 1.0))
    shares = tf.constant([[0.5], [1.0]])

    def judge(samples):
        return tf.reduce_sum(samples**2, axis=1, keepdims=True)

    # The slope is twice the place, whose length is half of, or all of, the root of three.
    by_hand = np.mean([(np.sqrt(3) - 1) ** 2, (2 * np.sqrt(3) - 1) ** 2])
    assert float(gradient_penalty(judge, real, made, shares)) == pytest.approx(by_hand, rel=1e-5)


def small_pair(regularizer):
    keras.utils.set_random_seed(1)
    noise, sample = keras.Input((2,)), keras.Input((3,))
    generator = keras.Model(noise, keras.layers.Dense(3, kernel_regularizer=regularizer)(noise))
    judge = keras.Model(sample, keras.layers.Dense(1, kernel_regularizer=regularizer)(sample))
    pair = AdversarialPair(generator, judge, keras.Model(sample, keras.layers.Identity()(sample)), "pair")
    sgd = [keras.optimizers.SGD(0.1) for _ in range(2)]
    pair.set_training(*sgd, NON_SATURATING, penalty=0.0, discriminator_steps=1, seed=0)
    return pair


def test_penalties_on_the_weights_of_both_sides_make_them_smaller():
    plain, penalized = small_pair(None), small_pair(keras.regularizers.L2(1.0))
    before = [np.asarray(side.weights[0]) for side in (plain.judge, plain.generator)]
    for pair in (plain, penalized):
        pair.train_discriminator(tf.ones((4, 3)))
    moved = np.asarray(penalized.judge.weights[0]) - np.asarray(plain.judge.weights[0])
    np.testing.assert_allclose(moved, -0.1 * 2 * before[0], rtol=1e-4)
    penalized.judge.set_weights(plain.judge.get_weights())
    for pair in (plain, penalized):
        pair.train_generator(4)
    moved = np.asarray(penalized.generator.weights[0]) - np.asarray(plain.generator.weights[0])
    np.testing.assert_allclose(moved, -0.1 * 2 * before[1], rtol=1e-4)
