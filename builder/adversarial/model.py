"""A generator and a discriminator that train each other, as one Keras model with a step of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from builder.adversarial.losses import discriminator_loss, generator_loss, gradient_penalty
from builder.adversarial_parameters import WASSERSTEIN
from builder.data.preprocessing import model_input_tensors, sample_output
from builder.data.spec import DataSpec

# What a run reports; "loss" is the generator's, as the generator is what is kept.
LOSS, DISCRIMINATOR_LOSS = "loss", "discriminator_loss"
REAL_SCORE, FAKE_SCORE = "real_score", "fake_score"
_AT_ONCE = 256


class AdversarialModel(keras.Model):
    """Trains a generator against a discriminator, one batch of real samples a step.

    Both see samples as the data's input scales them (images 0 to 1, series with mean 0 and variance 1).

    Args:
        generator: turns noise, (batch, …), into scaled samples.
        discriminator: gives a score (logit), (batch, 1), for samples in the unit of the data.
        spec: the data's description.
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model, spec: DataSpec, name: str) -> None:
        super().__init__(name=name)
        item = spec.inputs[0]
        sources, scaled = model_input_tensors(item)
        self.generator = generator
        self.scaling = keras.Model(sources[0], scaled, name="scaling")
        # The discriminator without its first layers, which scale: made samples are scaled already.
        first = discriminator.get_layer(self.scaling.layers[-1].name)
        self.judge = keras.Model(first.output, discriminator.outputs[0], name="judge")
        self.generator_in_units = keras.Model(
            generator.inputs[0], sample_output(item, generator.outputs[0]), name=generator.name
        )
        self.discriminator_in_units = discriminator
        self.sample_shape = spec.sample_shape
        names = (LOSS, DISCRIMINATOR_LOSS, REAL_SCORE, FAKE_SCORE)
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}
        self.steps_done = self.add_weight(shape=(), dtype="int64", trainable=False, name="steps_done")
        self.noise = keras.random.SeedGenerator(0)
        self.built = True

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The running means that a run reports."""
        return list(self.trackers.values())

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """The shape, without the batch, of the noise."""
        return tuple(self.generator.inputs[0].shape[1:])

    def prepare_training(
        self,
        settings: Mapping[str, Any],
        optimizer: keras.optimizers.Optimizer,
        discriminator_optimizer: keras.optimizers.Optimizer,
    ) -> None:
        """Take over losses, seed and optimizers, and make every variable that a checkpoint holds.

        Args:
            settings: the project's training settings, defaults filled in.
            optimizer: trains the generator.
            discriminator_optimizer: trains the discriminator.
        """
        self.compile(optimizer, loss=None, jit_compile=False)
        self.discriminator_optimizer = discriminator_optimizer
        self.loss_name = settings["adversarial_loss"]
        self.penalty = settings["gradient_penalty"] if self.loss_name == WASSERSTEIN else 0.0
        self.discriminator_steps = settings["discriminator_steps"]
        self.noise.state.assign(keras.random.SeedGenerator(settings["seed"]).state)
        optimizer.build(self.generator.trainable_variables)
        discriminator_optimizer.build(self.judge.trainable_variables)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the scores of samples in the unit of the data."""
        return self.judge(self.scaling(inputs), training=training)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Let the discriminator learn from a batch and, every so many batches, the generator from it."""
        real = self.scaling(data[0])
        loss = self._train_discriminator(real)
        self.steps_done.assign_add(1)
        count = tf.shape(real)[0]

        def generator_step() -> Any:
            return self._train_generator(count)

        if self.discriminator_steps > 1:
            is_due = tf.equal(tf.math.floormod(self.steps_done.value, self.discriminator_steps), 0)
            loss += tf.cond(is_due, generator_step, lambda: tf.constant(0.0))
        else:
            loss += generator_step()
        return {LOSS: loss}

    def test_step(self, data: Any) -> dict[str, Any]:
        """Measure both losses on a batch without learning."""
        real = self.scaling(data[0])
        fake = self.generator(self._noise(tf.shape(real)[0]), training=False)
        scores, made = self.judge(real, training=False), self.judge(fake, training=False)
        self._track_discriminator(discriminator_loss(self.loss_name, scores, made), scores, made)
        loss = generator_loss(self.loss_name, made)
        self.trackers[LOSS].update_state(loss)
        return {LOSS: loss}

    def _train_discriminator(self, real: Any) -> Any:
        count = tf.shape(real)[0]
        fake = self.generator(self._noise(count), training=True)
        with tf.GradientTape() as tape:
            scores, made = self.judge(real, training=True), self.judge(fake, training=True)
            loss = discriminator_loss(self.loss_name, scores, made)
            if self.penalty:
                shape = (count, *[1] * (len(real.shape) - 1))
                shares = keras.random.uniform(shape, seed=self.noise)
                loss += self.penalty * gradient_penalty(self._judge_in_training, real, fake, shares)
        variables = self.judge.trainable_variables
        self.discriminator_optimizer.apply(tape.gradient(loss, variables), variables)
        self._track_discriminator(loss, scores, made)
        return loss

    def _judge_in_training(self, samples: Any) -> Any:
        return self.judge(samples, training=True)

    def _train_generator(self, count: Any) -> Any:
        with tf.GradientTape() as tape:
            made = self.judge(self.generator(self._noise(count), training=True), training=True)
            loss = generator_loss(self.loss_name, made)
        variables = self.generator.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        self.trackers[LOSS].update_state(loss)
        return loss

    def _track_discriminator(self, loss: Any, scores: Any, made: Any) -> None:
        self.trackers[DISCRIMINATOR_LOSS].update_state(loss)
        self.trackers[REAL_SCORE].update_state(keras.ops.sigmoid(scores))
        self.trackers[FAKE_SCORE].update_state(keras.ops.sigmoid(made))

    def _noise(self, count: Any) -> Any:
        return keras.random.normal((count, *self.latent_shape), seed=self.noise)


def kept_part(model: keras.Model) -> keras.Model:
    """Return the functional model that is saved, exported and used: of an adversarial pair the generator."""
    return model.generator_in_units if isinstance(model, AdversarialModel) else model


def optimizers_of(model: keras.Model) -> tuple[keras.optimizers.Optimizer, ...]:
    """Return the optimizers of a compiled model."""
    further = (model.discriminator_optimizer,) if isinstance(model, AdversarialModel) else ()
    return (model.optimizer, *further)


def make_samples(generator: keras.Model, latent: np.ndarray) -> np.ndarray:
    """Return the samples that a generator makes of noise, one a row, as float32 in its own unit."""
    parts = [
        np.asarray(generator(latent[start : start + _AT_ONCE], training=False), np.float32)
        for start in range(0, len(latent), _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, *generator.output_shape[1:]), np.float32)
