"""The generator and the discriminator of a project, as one Keras model with a step of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from builder.adversarial.feature_network import SAMPLES_AT_ONCE
from builder.adversarial.losses import discriminator_loss, generator_loss
from builder.adversarial.pair import AdversarialPair
from builder.adversarial_parameters import WASSERSTEIN
from builder.data.preprocessing import model_input_tensors, sample_output
from builder.data.spec import DataSpec
from builder.params import AUTO


class AdversarialModel(AdversarialPair):
    """The pair of a project: it knows the unit of the data.

    Both see samples as the data's input scales them (images 0 to 1, series with mean 0 and variance 1).

    Args:
        generator: turns noise, (batch, …), into scaled samples.
        discriminator: gives a score (logit), (batch, 1), for samples in the unit of the data.
        spec: the data's description.
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model, spec: DataSpec, name: str) -> None:
        item = spec.inputs[0]
        sources, scaled = model_input_tensors(item)
        scaling = keras.Model(sources[0], scaled, name="scaling")
        # The discriminator without its first layers, which scale: made samples are scaled already.
        first = discriminator.get_layer(scaling.layers[-1].name)
        judge = keras.Model(first.output, discriminator.outputs[0], name="judge")
        super().__init__(generator, judge, scaling, name)
        self.generator_in_units = keras.Model(
            generator.inputs[0], sample_output(item, generator.outputs[0]), name=generator.name
        )
        self.discriminator_in_units = discriminator
        self.sample_shape = spec.sample_shape

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
        self.set_training(optimizer, discriminator_optimizer, **adversarial_options(settings))

    def train_step(self, data: Any) -> dict[str, Any]:
        """Let the discriminator learn from a batch and, every so many batches, the generator from it."""
        return {"loss": self.learn(data[0])}

    def test_step(self, data: Any) -> dict[str, Any]:
        """Measure both losses on a batch without learning."""
        real = self.scaling(data[0])
        fake = self.generator(self.draw_noise(tf.shape(real)[0]), training=False)
        scores, made = self.judge(real, training=False), self.judge(fake, training=False)
        self.track_discriminator(discriminator_loss(self.loss_name, scores, made), scores, made)
        loss = generator_loss(self.loss_name, made)
        self.trackers["loss"].update_state(loss)
        return {"loss": loss}


def adversarial_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``AdversarialPair.set_training`` takes besides optimizers.

    Args:
        settings: the project's training settings, defaults filled in.
    """
    loss = settings["adversarial_loss"]
    return {
        "loss": loss,
        "penalty": settings["gradient_penalty"] if loss == WASSERSTEIN else 0.0,
        "discriminator_steps": settings["discriminator_steps"],
        "seed": settings["seed"],
    }


def discriminator_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training settings from which the discriminator's optimizer is made."""
    own = settings["discriminator_learning_rate"]
    # Only the generator is kept, so only its average would be of use.
    others = {**settings, "use_ema": False}
    return others if own == AUTO else {**others, "learning_rate": float(own)}


def generator_steps(settings: Mapping[str, Any], steps_per_epoch: int) -> float:
    """Return how often an epoch changes the generator, which learns once in several batches."""
    return steps_per_epoch / float(settings["discriminator_steps"])


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
        np.asarray(generator(latent[start : start + SAMPLES_AT_ONCE], training=False), np.float32)
        for start in range(0, len(latent), SAMPLES_AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, *generator.output_shape[1:]), np.float32)
