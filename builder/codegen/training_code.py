"""The part of a script that compiles, trains, evaluates and saves the model."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

from builder.codegen.layout import INDENT, statement
from builder.data.spec import DataSpec

_OPTIMIZERS = {
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "Nadam",
    "rmsprop": "RMSprop",
    "sgd": "SGD",
    "lion": "Lion",
}
_SCHEDULES = {
    "cosine": "keras.optimizers.schedules.CosineDecay(LEARNING_RATE, decay_steps=steps)",
    "exponential": (
        "keras.optimizers.schedules.ExponentialDecay(LEARNING_RATE, decay_steps=steps, decay_rate=0.01)"
    ),
    "step": (
        "keras.optimizers.schedules.PiecewiseConstantDecay(\n"
        "        [round(0.5 * steps), round(0.75 * steps)],\n"
        "        [LEARNING_RATE, 0.1 * LEARNING_RATE, 0.01 * LEARNING_RATE],\n"
        "    )"
    ),
}
WARMUP_SOURCE = '''\
@keras.saving.register_keras_serializable(package="kerablocks")
class LinearWarmup(keras.optimizers.schedules.LearningRateSchedule):
    """Multiply another schedule by a factor that rises linearly to 1 over the first steps."""

    def __init__(self, schedule, warmup_steps):
        super().__init__()
        self.schedule = schedule
        self.warmup_steps = warmup_steps

    def __call__(self, step):
        """Return the learning rate at a step, which counts from 0."""
        rate = self.schedule(step) if callable(self.schedule) else self.schedule
        share = (keras.ops.cast(step, "float32") + 1) / self.warmup_steps
        return rate * keras.ops.minimum(share, 1.0)

    def get_config(self):
        """Return the arguments that make the same schedule again."""
        schedule = keras.saving.serialize_keras_object(self.schedule)
        return {"schedule": schedule, "warmup_steps": self.warmup_steps}

    @classmethod
    def from_config(cls, config):
        """Return the schedule that ``get_config`` described."""
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["warmup_steps"])'''

_SPLIT = '''\
def split_rows(count):
    """Return the row numbers for training, validation and test, in random order."""
    rows = np.random.default_rng(SEED).permutation(count)
    test, validation = round(TEST * count), round(VALIDATION * count)
    return rows[test + validation :], rows[test : test + validation], rows[:test]'''

_MAIN = '''\
def main():
    """Train the model on the data that the command line names, evaluate it and save it."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("data", type=Path, help="{data_help}")
    parser.add_argument("--output", type=Path, default=Path("model.keras"), help="where the model is saved")
    arguments = parser.parse_args()

    keras.utils.set_random_seed(SEED)
    arrays, targets = load_data(arguments.data)
    train, validation, test = split_rows(len(targets))
    model = build_model()
    compile_model(model, steps_per_epoch=-(-len(train) // BATCH_SIZE))
    model.summary()

    def part(rows):
        return [arrays[tensor.name][rows] for tensor in model.inputs], targets[rows]

{fit}
    print(model.evaluate(*part(test), batch_size=BATCH_SIZE, return_dict=True))
    model.save(arguments.output)


if __name__ == "__main__":
    main()'''


def constants(settings: Mapping[str, Any], split: Mapping[str, Any]) -> list[str]:
    """Return the lines of the constants that steer the training."""
    return [
        f"VALIDATION, TEST = {split['validation']}, {split['test']}",
        f"SEED = {settings['seed']}",
        f"BATCH_SIZE = {settings['batch_size']}",
        f"EPOCHS = {settings['epochs']}",
        f"LEARNING_RATE = {settings['learning_rate']}",
    ]


def compile_source(settings: Mapping[str, Any], spec: DataSpec, units: int, activation: str) -> str:
    """Return the source of ``compile_model``, with the studio's optimizer, schedule, loss and metrics.

    Args:
        settings: the training settings, defaults filled in.
        spec: the data's description.
        units: the number of the model's outputs.
        activation: the activation of its last layer.
    """
    lines = [
        "def compile_model(model, steps_per_epoch):",
        f'{INDENT}"""Set how the model learns: optimizer, learning rate, loss and metrics."""',
        *_rate_lines(settings),
        *_optimizer_lines(settings),
    ]
    if spec.task == "regression":
        arguments = _regression(settings["loss"], spec)
    else:
        arguments = _classification(units, activation)
    items = ["optimizer=optimizer", *arguments]
    return "\n".join([*lines, *statement(INDENT, "model.compile", items)])


def _rate_lines(settings: Mapping[str, Any]) -> list[str]:
    lines = []
    schedule = _SCHEDULES.get(settings["schedule"])
    if schedule is not None:
        lines += [f"{INDENT}steps = EPOCHS * steps_per_epoch", f"{INDENT}learning_rate = {schedule}"]
    else:
        lines.append(f"{INDENT}learning_rate = LEARNING_RATE")
    if settings["warmup_epochs"]:
        warmup = f"max(1, round({settings['warmup_epochs']} * steps_per_epoch))"
        lines.append(f"{INDENT}learning_rate = LinearWarmup(learning_rate, {warmup})")
    return lines


def _optimizer_lines(settings: Mapping[str, Any]) -> list[str]:
    name = settings["optimizer"]
    items = ["learning_rate"]
    if settings["weight_decay"] or name == "adamw":
        items.append(f"weight_decay={settings['weight_decay']}")
    if settings["clip_norm"]:
        items.append(f"global_clipnorm={settings['clip_norm']}")
    if name == "sgd":
        items += ["momentum=0.9", "nesterov=True"]
    return statement(INDENT, f"optimizer = keras.optimizers.{_OPTIMIZERS[name]}", items)


def _classification(units: int, activation: str) -> list[str]:
    logits = activation not in ("softmax", "sigmoid")
    option = "from_logits=True" if logits else ""
    if units == 1:
        threshold = "threshold=0.0, " if logits else ""
        metric = f'keras.metrics.BinaryAccuracy({threshold}name="accuracy")'
        return [f"loss=keras.losses.BinaryCrossentropy({option})", f"metrics=[{metric}]"]
    metric = 'keras.metrics.SparseCategoricalAccuracy(name="accuracy")'
    return [f"loss=keras.losses.SparseCategoricalCrossentropy({option})", f"metrics=[{metric}]"]


def _regression(loss: str, spec: DataSpec) -> list[str]:
    variance = max(spec.target_variance, 1e-12)
    deviation = sqrt(variance)
    if loss == "mean_absolute_error":
        written, weight = "keras.losses.MeanAbsoluteError()", 1 / deviation
    elif loss == "huber":
        written, weight = f"keras.losses.Huber(delta={deviation!r})", 1 / variance
    else:
        written, weight = "keras.losses.MeanSquaredError()", 1 / variance
    names = ("MeanAbsoluteError", "RootMeanSquaredError")
    metrics = ", ".join(f"keras.metrics.{name}()" for name in names)
    return [f"loss={written}", f"loss_weights={weight!r}", f"metrics=[{metrics}]"]


def split_and_main_source(settings: Mapping[str, Any], spec: DataSpec) -> str:
    """Return the source of ``split_rows`` and ``main``."""
    is_image = any(item.kind == "image" for item in spec.inputs)
    data_help = "a folder of class folders, or an .npz file" if is_image else "a CSV file"
    items = ["*part(train)", "validation_data=part(validation)", "batch_size=BATCH_SIZE", "epochs=EPOCHS"]
    before = []
    if settings["class_weights"] == "balanced":
        before.append(f"{INDENT}counts = np.bincount(targets[train], minlength=len(CLASS_NAMES))")
        weight = "len(train) / (np.count_nonzero(counts) * max(count, 1))"
        before.append(f"{INDENT}weights = {{label: {weight} for label, count in enumerate(counts)}}")
        items.append("class_weight=weights")
    if settings["early_stopping"]:
        before += statement(
            INDENT,
            "stopping = keras.callbacks.EarlyStopping",
            [f"patience={settings['patience']}", "restore_best_weights=True"],
        )
        items.append("callbacks=[stopping]")
    fit = "\n".join([*before, *statement(INDENT, "model.fit", items)])
    return f"{_SPLIT}\n\n\n{_MAIN.format(data_help=data_help, fit=fit)}"
