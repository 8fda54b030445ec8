"""The parts of a script that split the data, and that train, evaluate and save the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from builder.codegen.layout import INDENT, Name, call_items, constant, formatted, literal, source, statement
from builder.codegen.loading import not_code
from builder.codegen.script_parts import Part
from builder.codegen.split_code import is_resampled
from builder.data.resampling import RESAMPLED_TASKS
from builder.data.spec import DataSpec
from builder.training_plan import learning_rate
from builder.training_plan.callbacks import callbacks
from builder.training_plan.class_weights import balanced_class_weights
from builder.training_plan.compilation import compile_options
from builder.training_plan.learning_rate_factors import with_learning_rate_factors
from builder.training_plan.objective import carried as carried_by_objective
from builder.training_plan.objective import objectives
from builder.training_plan.optimizer import optimizer

_CALLBACK_NAMES = {
    keras.callbacks.SwapEMAWeights: "averaging",
    keras.callbacks.ReduceLROnPlateau: "plateau",
    keras.callbacks.EarlyStopping: "best",
}
SHUFFLE = (
    "shuffle = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: training.shuffle(epoch))"
)
_RUN, _FILE = "run:", "file:"

_START = '''\
def start_with_weights(model, file):
    """Give every layer its weights from a saved model, where name and shapes are the same."""
    given = {weight.path: weight for weight in keras.saving.load_model(file, compile=False).weights}
    by_layer = {}
    for weight in model.weights:
        by_layer.setdefault(weight.path.rpartition("/")[0], []).append(weight)
    for weights in by_layer.values():
        found = [given.get(weight.path) for weight in weights]
        if all(old is not None and old.shape == new.shape for old, new in zip(found, weights, strict=True)):
            for old, new in zip(found, weights, strict=True):
                new.assign(old)'''


def weights_part(settings: Mapping[str, Any]) -> Part | None:
    """Return the part that starts from the weights of a saved model, or None where all are new."""
    chosen = settings["initial_weights"]
    if not chosen.startswith((_RUN, _FILE)):
        return None
    lines = [f"INITIAL_WEIGHTS = {literal(chosen.removeprefix(_FILE))}"]
    if chosen.startswith(_RUN):
        # It comes from a document that anyone may have written: a second line would be code.
        run = " ".join(chosen.removeprefix(_RUN).split())
        lines = [
            f"# The trained model of the run {run}: put its model.keras here.",
            'INITIAL_WEIGHTS = "initial.keras"',
        ]
    return Part(
        "Initial weights",
        "Layers of the same name and shape start from the weights of a saved model.",
        imports=("import keras",),
        constants=tuple(lines),
        definitions=(_START,),
        steps=("start_with_weights(model, INITIAL_WEIGHTS)",),
    )


def training_part(
    settings: Mapping[str, Any], spec: DataSpec, model: keras.Model, factors: Mapping[str, float]
) -> Part:
    """Return the part that compiles and fits the model: the training plan's calls, written down.

    Args:
        settings: the training settings, defaults filled in.
        spec: the data's description.
        model: the model that the script builds.
        factors: for some layers' names a factor of their learning rate.
    """
    carried = [*learning_rate.carried(settings), *([with_learning_rate_factors] if factors else [])]
    is_of_classes = spec.task in RESAMPLED_TASKS or spec.has_places
    balanced = settings["class_weights"] == "balanced" and is_of_classes
    balanced = balanced and not is_resampled(settings, spec)
    if balanced and (spec.further_targets or spec.has_places):
        raise not_code("class weights where a sample has several answers")
    goals = objectives(settings, spec, model)
    carried += dict.fromkeys(item for goal in goals for item in carried_by_objective(goal))
    carried += [balanced_class_weights] if balanced else []
    sources = [source(item) for item in carried]
    uses_ops = any("(ops." in code or " ops." in code for code in sources)
    needs_numpy = balanced or settings["schedule"] == "one_cycle"
    return Part(
        "The training",
        "The optimizer follows the slope of the loss on each batch; after every epoch the validation rows "
        "are scored. The weights of the best epoch are kept.",
        imports=(
            "import keras",
            *(["import numpy as np"] if needs_numpy else []),
            *(["from keras import ops"] if uses_ops else []),
        ),
        constants=training_constants(settings, factors),
        definitions=(*sources, _compile_source(settings, spec, model, factors)),
        steps=tuple(_fit_lines(settings, balanced)),
    )


def training_constants(settings: Mapping[str, Any], factors: Mapping[str, float]) -> tuple[str, ...]:
    """Return the lines of the training's constants."""
    return (
        f"SEED = {settings['seed']}",
        f"BATCH_SIZE = {settings['batch_size']}",
        f"EPOCHS = {settings['epochs']}",
        f"LEARNING_RATE = {settings['learning_rate']}",
        *(constant("LEARNING_RATE_FACTORS", factors) if factors else []),
    )


def seed_steps(settings: Mapping[str, Any]) -> list[str]:
    """Return the statements before the model is built; the initial weights follow from them."""
    deterministic = ["tf.config.experimental.enable_op_determinism()"] if settings["deterministic"] else []
    return ["keras.utils.set_random_seed(SEED)", *deterministic]


def _compile_source(
    settings: Mapping[str, Any], spec: DataSpec, model: keras.Model, factors: Mapping[str, float]
) -> str:
    own_rates = Name("LEARNING_RATE_FACTORS") if factors else None
    call = optimizer(settings, Name("learning_rate"), own_rates, Name("model"))
    items = ["optimizer=optimizer", *_objective_items(settings, spec, model)]
    items += [f"{name}={literal(value)}" for name, value in compile_options(settings).items()]
    lines = [
        "def compile_model(model, steps_per_epoch):",
        f'{INDENT}"""Set how the model learns: optimizer, learning rate, loss and metrics."""',
        *rate_lines(settings),
        *statement(INDENT, f"optimizer = {call.path}", call_items(call)),
        *statement(INDENT, "model.compile", items),
    ]
    return "\n".join(lines)


def rate_lines(
    settings: Mapping[str, Any], variable: str = "learning_rate", steps_per_epoch: str = "steps_per_epoch"
) -> list[str]:
    """Return the statements that make a learning rate of the constant of the same name."""
    name, steps = Name(variable), Name(steps_per_epoch)
    rate = learning_rate.decay(settings, Name(variable.upper()), Name("EPOCHS"), steps)
    lines = formatted(INDENT, f"{name.text} = {literal(rate)}")
    warmed = learning_rate.warmed_up(settings, name, steps)
    return lines if warmed is name else [*lines, *formatted(INDENT, f"{name.text} = {literal(warmed)}")]


def _objective_items(settings: Mapping[str, Any], spec: DataSpec, model: keras.Model) -> list[str]:
    goals = objectives(settings, spec, model)
    if len(goals) == 1:
        (chosen,) = goals
        weights = [] if chosen.loss_weights is None else [f"loss_weights={literal(chosen.loss_weights)}"]
        return [f"loss={literal(chosen.loss)}", *weights, f"metrics={literal(list(chosen.metrics))}"]
    factors = [1.0 if goal.loss_weights is None else goal.loss_weights for goal in goals]
    return [
        f"loss={literal([goal.loss for goal in goals])}",
        f"loss_weights={literal(factors)}",
        f"metrics={literal([list(goal.metrics) for goal in goals])}",
    ]


def _fit_lines(settings: Mapping[str, Any], balanced: bool) -> list[str]:
    items = [
        "training",
        "validation_data=Batches(arrays, targets, validation)",
        "epochs=EPOCHS",
        "shuffle=False",
    ]
    lines = ["compile_model(model, steps_per_epoch=len(training))"]
    if balanced:
        lines.append("weights = balanced_class_weights(targets[train], len(CLASS_NAMES))")
        items.append("class_weight=dict(enumerate(weights))")
    # Without an early stop the last callback only keeps the best weights.
    chosen = {_CALLBACK_NAMES[call.function]: call for call in callbacks(settings, Name("EPOCHS"))}
    items.append(f"callbacks=[{', '.join(['shuffle', *chosen])}]")
    return [
        *lines,
        SHUFFLE,
        *(f"{name} = {literal(call)}" for name, call in chosen.items()),
        f"model.fit({', '.join(items)})",
    ]
