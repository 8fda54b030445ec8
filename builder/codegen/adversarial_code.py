"""The parts of a script in which a generator and a discriminator train each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import keras

from builder.adversarial import comparing, distance, feature_network
from builder.adversarial.losses import discriminator_loss, generator_loss, gradient_penalty
from builder.adversarial.model import adversarial_options, discriminator_settings, make_samples
from builder.adversarial.noise import draw
from builder.adversarial.pair import AdversarialPair
from builder.adversarial_parameters import HINGE, NON_SATURATING, WASSERSTEIN
from builder.blocks.base import Call
from builder.codegen.layout import INDENT, Name, call_items, formatted, literal, source, statement
from builder.codegen.loading import not_code
from builder.codegen.model_code import ModelCode, model_code
from builder.codegen.script_parts import Part
from builder.codegen.training_code import SHUFFLE, rate_lines, training_constants
from builder.compiler.analysis import Analysis
from builder.compiler.model import model_name
from builder.data.pixels import as_pixels
from builder.data.preprocessing import model_input_tensors, sample_layer
from builder.data.spec import DataSpec, ModelInput
from builder.params import AUTO
from builder.training_plan import learning_rate
from builder.training_plan.compilation import compile_options
from builder.training_plan.learning_rate_factors import with_learning_rate_factors
from builder.training_plan.optimizer import optimizer

_BUILD = '''\
def build_model():
    """Return the untrained pair of a generator and a discriminator, which both see scaled samples."""
    generator, discriminator = build_generator(), build_discriminator()
    scaled = discriminator.get_layer({layer}).output
    scaling = keras.Model(discriminator.inputs, scaled, name="scaling")
    judge = keras.Model(scaled, discriminator.outputs[0], name="judge")
    return AdversarialPair(generator, judge, scaling, name={name})'''

_KEEP = '''\
class KeepClosest(keras.callbacks.Callback):
    """Keeps the generator of the epoch whose samples come closest to real ones.

    Args:
        generator: makes samples in the unit of the data.
        features: returns the features of samples.
        real: the features of real samples.
        patience: the epochs without improvement after which the training ends.
    """

    def __init__(self, generator, features, real, patience):
        super().__init__()
        self.generator, self.features, self.real, self.patience = generator, features, real, patience
        self.closest, self.kept, self.waited = math.inf, None, 0

    def on_epoch_end(self, epoch, logs=None):
        """Measure made samples, and keep the weights where they are the best so far."""
        weights = self.generator.get_weights()
{average}        distance, varied = distance_and_diversity(self.generator, self.features, self.real)
        logs |= {"val_frechet_distance": distance, "val_diversity": varied}
        if self.kept is None or distance < self.closest:
            self.closest, self.kept, self.waited = distance, self.generator.get_weights(), 0
        else:
            self.waited += 1
        self.model.stop_training = self.waited >= self.patience
        self.generator.set_weights(weights)

    def on_train_end(self, logs=None):
        """Give the generator the weights that were kept."""
        self.generator.set_weights(self.kept)'''

_WRITE_PICTURES = '''\
def write_samples(samples, folder):
    """Write made samples as a picture each."""
    folder.mkdir(exist_ok=True)
    for number, sample in enumerate(samples, start=1):
        Image.fromarray(as_pixels(sample).squeeze()).save(folder / f"sample_{number:04d}.png")'''

_WRITE_SERIES = '''\
def write_samples(samples, folder):
    """Write made samples as a CSV file each, a moment a row."""
    folder.mkdir(exist_ok=True)
    for number, sample in enumerate(samples, start=1):
        pd.DataFrame(sample, columns=CHANNELS).to_csv(folder / f"sample_{number:04d}.csv", index=False)'''


def pair_code(generator: Analysis, discriminator: Analysis, name: str, taken: Collection[str]) -> ModelCode:
    """Return the source of ``build_model`` for a pair, and of everything that it calls.

    Args:
        generator: the generator's analysis.
        discriminator: the discriminator's.
        name: what the pair is called after.
        taken: names that the rest of the script has.

    Raises:
        BuilderError: ``not_code`` where own blocks of the same name differ.
    """
    assert generator.spec is not None, "a generator has data"
    made = model_code(generator, name, "build_generator", "Return the untrained generator.", taken)
    words = "Return the untrained discriminator, which takes samples in the unit of the data."
    judging = model_code(discriminator, "discriminator", "build_discriminator", words, taken)
    functions = list(dict.fromkeys((*made.functions, *judging.functions)))
    heads = [text.partition("(")[0] for text in functions]
    if len(set(heads)) < len(heads):
        raise not_code("own blocks of the same name in generator and discriminator that differ")
    (item,) = generator.spec.inputs
    layer = keras.Model(*model_input_tensors(item)).layers[-1].name
    carried = (discriminator_loss, generator_loss, gradient_penalty, AdversarialPair)
    build = _BUILD.format(layer=literal(layer), name=literal(model_name(name)))
    return ModelCode(
        (*made.imports, *judging.imports, "import tensorflow as tf"),
        tuple(dict.fromkeys((*made.carried, *judging.carried))),
        (*functions, *(source(part) for part in carried), build),
    )


def pair_training_part(settings: Mapping[str, Any], factors: Mapping[str, float]) -> Part:
    """Return the part that lets generator and discriminator learn from each other.

    Args:
        settings: the training settings, defaults filled in.
        factors: for some layers' names a factor of their learning rate.

    Raises:
        BuilderError: ``not_code`` for a learning rate that waits for what the script does not measure.
    """
    if settings["schedule"] == "plateau":
        raise not_code("a generator's learning rate that falls where its samples come no closer")
    carried = [*learning_rate.carried(settings), *([with_learning_rate_factors] if factors else [])]
    rate = float(discriminator_settings(settings)["learning_rate"])
    patience = settings["patience"] if settings["early_stopping"] else "EPOCHS"
    return Part(
        "The training",
        "In each step the discriminator learns to tell real samples from made ones, and the generator to "
        "make samples that it takes to be real. The generator of the epoch is kept whose samples come "
        "closest to real ones.",
        imports=(
            "import keras",
            "import math",
            *(["import numpy as np"] if settings["schedule"] == "one_cycle" else []),
        ),
        constants=(
            *training_constants(settings, factors),
            *([f"DISCRIMINATOR_LEARNING_RATE = {rate}"] if _has_two_rates(settings) else []),
            f"NON_SATURATING, HINGE, WASSERSTEIN = {literal(NON_SATURATING)}, {literal(HINGE)}, "
            f"{literal(WASSERSTEIN)}",
        ),
        definitions=(
            *(source(item) for item in carried),
            _compile_source(settings, factors),
            _keep_source(settings),
        ),
        steps=(
            "compile_model(model, steps_per_epoch=len(training))",
            SHUFFLE,
            f"closest = KeepClosest(generator, features, real, patience={patience})",
            "model.fit(training, epochs=EPOCHS, shuffle=False, callbacks=[shuffle, closest])",
        ),
    )


def _compile_source(settings: Mapping[str, Any], factors: Mapping[str, float]) -> str:
    own, batches = _has_two_rates(settings), settings["discriminator_steps"]
    others = discriminator_settings(settings)
    rate = "discriminator_learning_rate" if own else "learning_rate"
    options = [f"{name}={literal(value)}" for name, value in compile_options(settings).items()]
    chosen = {**adversarial_options(settings), "seed": Name("SEED")}
    items = ["optimizer", "discriminator_optimizer"]
    items += [f"{name}={literal(value)}" for name, value in chosen.items()]
    lines = [
        "def compile_model(model, steps_per_epoch):",
        f'{INDENT}"""Set how both sides learn: optimizers, learning rates and losses."""',
        *rate_lines(settings, steps_per_epoch="steps_per_epoch" + (f" / {batches}" if batches > 1 else "")),
        *_optimizer_lines("optimizer", settings, "learning_rate", factors, "model.generator"),
        *(rate_lines(others, rate) if own else []),
        *_optimizer_lines("discriminator_optimizer", others, rate, factors, "model.judge"),
        f"{INDENT}# Each side has an optimizer of its own.",
        *statement(INDENT, "model.compile", ["optimizer=None", *options]),
        *statement(INDENT, "model.set_training", items),
    ]
    return "\n".join(lines)


def _has_two_rates(settings: Mapping[str, Any]) -> bool:
    """Tell whether each side has a learning rate of its own, or one that follows its own steps."""
    follows = bool(learning_rate.carried(settings))
    is_slower = settings["discriminator_steps"] > 1
    return settings["discriminator_learning_rate"] != AUTO or (follows and is_slower)


def _optimizer_lines(
    variable: str, settings: Mapping[str, Any], rate: str, factors: Mapping[str, float], side: str
) -> list[str]:
    own_rates = Name("LEARNING_RATE_FACTORS") if factors else None
    call = optimizer(settings, Name(rate), own_rates, Name(side))
    return statement(INDENT, f"{variable} = {call.path}", call_items(call))


def _keep_source(settings: Mapping[str, Any]) -> str:
    average = "finalize_variable_values(self.model.generator.trainable_variables)"
    lines = [
        "        # The average of the weights makes better samples; before the first step there is none.",
        "        if self.model.generator_optimizer.iterations > 0:",
        f"            self.model.generator_optimizer.{average}",
    ]
    return _KEEP.replace("{average}", "\n".join(lines) + "\n" if settings["use_ema"] else "")


def comparing_part(spec: DataSpec) -> Part:
    """Return the part that makes made and real samples comparable, by the features of a small network."""
    (item,) = spec.inputs
    units, name = _in_units(item), item.arrays[0].name
    classes = "len(CLASS_NAMES)" if spec.class_names else "0"
    network = f"feature_network(model.scaling, samples, train, targets, {classes})"
    parts = (
        *(draw, make_samples, distance.spread, distance.diversity, distance.square_root),
        *(distance.frechet_distance, comparing.rows_to_compare, comparing.distance_and_diversity),
        *(getattr(feature_network, part) for part in _FEATURE_PARTS),
    )
    return Part(
        "The distance to real samples",
        "Neither loss tells how good the samples are. A small network, trained once on the real ones, gives "
        "features in which made and real samples are compared.",
        imports=(
            *("from functools import partial", "import keras", "import numpy as np"),
            *(["from keras import layers"] if units else []),
        ),
        constants=(
            "# The network whose features are compared, and its training.",
            *(f"{part} = {getattr(feature_network, part)}" for part in _FEATURE_CONSTANTS),
            "# How many samples are compared.",
            f"FEWEST_COMPARED, MOST_COMPARED = {comparing.FEWEST_COMPARED}, {comparing.MOST_COMPARED}",
        ),
        definitions=(*(source(part) for part in parts), *([units] if units else [])),
        steps=(
            f"generator = {'in_units(model.generator)' if units else 'model.generator'}",
            f'samples = arrays["{name}"]',
            f"features = partial(features_of, {network})",
            "real = features(samples[rows_to_compare(validation, train)])",
        ),
    )


_FEATURE_CONSTANTS = (
    *("FEATURES", "FEATURE_SEED", "FEATURE_ROWS", "FEATURE_EPOCHS", "FEATURE_STEPS", "FEATURE_BATCH"),
    "SAMPLES_AT_ONCE",
)
_FEATURE_PARTS = (
    *("fixed_start", "describe", "restore", "feature_batches", "features_of", "feature_network"),
)


def pair_evaluation_part(spec: DataSpec) -> Part:
    """Return the part that saves the generator and writes some of the samples that it makes."""
    is_image = spec.inputs[0].kind == "image"
    of_test = "features(samples[rows_to_compare(test, train)])"
    return Part(
        "Evaluation",
        "The distance of good samples to real ones is small, and they are as varied as these.",
        imports=("import numpy as np", "from PIL import Image" if is_image else "import pandas as pd"),
        definitions=(source(as_pixels), _WRITE_PICTURES) if is_image else (_WRITE_SERIES,),
        steps=(
            "generator.save(output)",
            f"distance, varied = distance_and_diversity(generator, features, {of_test})",
            'print(f"Fréchet distance to real samples: {distance:.2f}; 0 is none.")',
            'print(f"Two made samples differ {varied:.2f} times as much as two real ones do.")',
            "made = make_samples(generator, draw(model.latent_shape, 16, seed=0))",
            'write_samples(made, output.with_name("samples"))',
        ),
    )


def _in_units(item: ModelInput) -> str:
    """Return the code of ``in_units``, or "" where the generator's blocks give the unit of the data."""
    found = sample_layer(item)
    if found is None:
        return ""
    name, arguments = found
    layer = literal(Call(getattr(keras.layers, name), f"layers.{name}", arguments))
    return "\n".join(
        [
            "def in_units(generator):",
            f'{INDENT}"""Return the generator with its samples in the unit of the data."""',
            *formatted(INDENT, f"samples = {layer}(generator.outputs[0])"),
            f"{INDENT}return keras.Model(generator.inputs[0], samples, name=generator.name)",
        ]
    )
