"""The part of a script that compiles, trains, evaluates and saves the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from builder.codegen.layout import INDENT, Name, call_items, literal, source, statement
from builder.data.spec import DataSpec
from builder.training_plan import learning_rate
from builder.training_plan.class_weights import balanced_class_weights
from builder.training_plan.objective import objective
from builder.training_plan.optimizer import optimizer

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


def carried_sources(settings: Mapping[str, Any]) -> list[str]:
    """Return the source of every function and class that the training needs."""
    weights = [balanced_class_weights] if settings["class_weights"] == "balanced" else []
    return [source(item) for item in [*learning_rate.carried(settings), *weights]]


def compile_source(settings: Mapping[str, Any], spec: DataSpec, model: keras.Model) -> str:
    """Return the source of ``compile_model``: the training plan's calls, written down.

    Args:
        settings: the training settings, defaults filled in.
        spec: the data's description.
        model: the model that the script builds.
    """
    call = optimizer(settings, Name("learning_rate"))
    items = ["optimizer=optimizer", *_objective_items(settings, spec, model)]
    lines = [
        "def compile_model(model, steps_per_epoch):",
        f'{INDENT}"""Set how the model learns: optimizer, learning rate, loss and metrics."""',
        *_rate_lines(settings),
        *statement(INDENT, f"optimizer = {call.path}", call_items(call)),
        *statement(INDENT, "model.compile", items),
    ]
    return "\n".join(lines)


def _rate_lines(settings: Mapping[str, Any]) -> list[str]:
    name, steps = Name("learning_rate"), Name("steps_per_epoch")
    rate = learning_rate.decay(settings, Name("LEARNING_RATE"), Name("EPOCHS"), steps)
    lines = [f"{INDENT}{name.text} = {literal(rate)}"]
    warmed = learning_rate.warmed_up(settings, name, steps)
    return lines if warmed is name else [*lines, f"{INDENT}{name.text} = {literal(warmed)}"]


def _objective_items(settings: Mapping[str, Any], spec: DataSpec, model: keras.Model) -> list[str]:
    chosen = objective(settings, spec, model)
    items = [f"loss={literal(chosen.loss)}"]
    if chosen.loss_weights is not None:
        items.append(f"loss_weights={literal(chosen.loss_weights)}")
    return [*items, f"metrics={literal(list(chosen.metrics))}"]


def split_and_main_source(settings: Mapping[str, Any], spec: DataSpec) -> str:
    """Return the source of ``split_rows`` and ``main``."""
    is_image = any(item.kind == "image" for item in spec.inputs)
    data_help = "a folder of class folders, or an .npz file" if is_image else "a CSV file"
    items = ["*part(train)", "validation_data=part(validation)", "batch_size=BATCH_SIZE", "epochs=EPOCHS"]
    before = []
    if settings["class_weights"] == "balanced":
        before.append(f"{INDENT}weights = balanced_class_weights(targets[train], len(CLASS_NAMES))")
        items.append("class_weight=dict(enumerate(weights))")
    if settings["early_stopping"]:
        before += statement(
            INDENT,
            "stopping = keras.callbacks.EarlyStopping",
            [f"patience={settings['patience']}", "restore_best_weights=True"],
        )
        items.append("callbacks=[stopping]")
    fit = "\n".join([*before, *statement(INDENT, "model.fit", items)])
    return f"{_SPLIT}\n\n\n{_MAIN.format(data_help=data_help, fit=fit)}"
