"""A small real training for the tests; as a script, one that kills itself (SIGKILL) at a given step."""

import os
import signal
import sys
from pathlib import Path

import keras

from builder.data.prepare import Prepared
from builder.data.preprocessing import model_input_tensors
from builder.params import with_defaults
from builder.project import TRAINING_PARAMETERS
from builder.train.loop import fit
from builder.train.randomness import seed_everything
from builder.train.reporting import Silent


def settings(**values):
    return with_defaults(TRAINING_PARAMETERS, {"epochs": 2, "batch_size": 50, **values})


def image_model(values, activation="softmax"):
    """A CNN with everything that an inexact resume would get wrong: dropout and batch normalization."""
    seed_everything(values)
    layers = keras.layers
    image = keras.Input((32, 32, 1), name="image")
    x = layers.Rescaling(1 / 255)(image)
    x = layers.Conv2D(8, 5, strides=2, activation="relu", name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation=activation, name="head")(x))


def linear_model(values):
    """The smallest model of pictures, with nothing random in it."""
    seed_everything(values)
    image = keras.Input((32, 32, 1), name="image")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    return keras.Model(image, keras.layers.Dense(10, activation="softmax")(x))


def number_model(values, spec):
    """A small network for a table of numbers, which speaks the target's unit."""
    seed_everything(values)
    layers = keras.layers
    tensors, features = model_input_tensors(spec.inputs[0])
    x = layers.Dense(32, activation="relu", name="hidden")(layers.BatchNormalization(name="norm")(features))
    x = layers.Dense(1, name="head")(x)
    return keras.Model(tensors, layers.Rescaling(spec.target_variance**0.5, spec.target_mean)(x))


class KillAt(Silent):
    """Kills the process without warning when the run comes to a step."""

    def __init__(self, step):
        self.step = step
        self.calls = 0

    def command(self):
        self.calls += 1
        if self.calls >= self.step:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    prepared, folder, step = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    chosen = settings(schedule="cosine")
    fit(
        image_model(chosen),
        Prepared.open(prepared),
        chosen,
        folder,
        control=KillAt(step),
        most_steps_per_call=1,
        checkpoint_seconds=0,
    )
