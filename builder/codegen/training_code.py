"""The parts of a script that split the data, and that train, evaluate and save the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from builder.codegen.data_code import GIVEN, not_code
from builder.codegen.layout import INDENT, Name, call_items, constant, literal, source, statement
from builder.codegen.script_parts import Part
from builder.data.partition import cut, cut_each_class
from builder.data.resampling import RESAMPLED_TASKS, resampled_order
from builder.data.spec import DataSpec
from builder.training_plan import learning_rate
from builder.training_plan.callbacks import callbacks
from builder.training_plan.class_weights import balanced_class_weights
from builder.training_plan.compilation import compile_options
from builder.training_plan.learning_rate_factors import with_learning_rate_factors
from builder.training_plan.objective import carried as carried_by_objective
from builder.training_plan.objective import objective
from builder.training_plan.optimizer import optimizer

_CALLBACK_NAMES = {
    keras.callbacks.SwapEMAWeights: "averaging",
    keras.callbacks.ReduceLROnPlateau: "plateau",
    keras.callbacks.EarlyStopping: "best",
}
_METHODS = ("stratified", "random", "ordered", GIVEN)
_RUN, _FILE = "run:", "file:"

_BATCHES = '''\
class Batches(keras.utils.PyDataset):
    """Batches of some rows, as they stand or in an order that follows from seed and epoch alone."""

    def __init__(self, arrays, targets, rows):
        super().__init__()
        self.arrays = {name: array[rows] for name, array in arrays.items()}
        self.targets = targets[rows]
        self.order = np.arange(len(rows))

    def shuffle(self, epoch):
        """Put the rows into the order of an epoch, which counts from 0."""
        self.order = np.random.default_rng((SEED, epoch)).permutation(len(self.order))

    def __len__(self):
        """Return the number of batches."""
        return -(-len(self.order) // BATCH_SIZE)

    def __getitem__(self, index):
        """Return one batch: inputs by name, and targets."""
        rows = self.order[index * BATCH_SIZE : (index + 1) * BATCH_SIZE]
        return {name: array[rows] for name, array in self.arrays.items()}, self.targets[rows]'''

_SHUFFLED = "np.random.default_rng((SEED, epoch)).permutation(len(self.order))"
_RESAMPLED = "resampled_order(self.targets, RESAMPLING, SEED, epoch)"

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


def split_part(split: Mapping[str, Any], settings: Mapping[str, Any], spec: DataSpec) -> Part:
    """Return the part that cuts the rows as they were cut for training, and makes batches.

    Args:
        split: the split's settings, defaults filled in.
        settings: the training settings, defaults filled in.
        spec: the data's description.

    Raises:
        BuilderError: ``not_code`` for a method that no script can follow.
    """
    method = split["method"]
    if method not in _METHODS:
        raise not_code(f"the split method '{method}'")
    each_class = method in ("stratified", GIVEN) and spec.task == "classification"
    arguments = "targets, is_test" if method == GIVEN else "targets"
    shares = f"VALIDATION, TEST = {split['validation']}, {split['test']}"
    uses_seed = method != "ordered"
    is_resampled = _is_resampled(settings, spec)
    return Part(
        "Training, validation and test",
        "Validation rows steer the training, test rows only score the finished model.",
        imports=("import keras", "import numpy as np"),
        constants=(
            f"VALIDATION = {split['validation']}" if method == GIVEN else shares,
            *([f"SPLIT_SEED = {split['seed']}"] if uses_seed else []),
            *([f"RESAMPLING = {literal(settings['resampling'])}"] if is_resampled else []),
        ),
        definitions=(
            source(cut),
            *([source(cut_each_class)] if each_class else []),
            "\n".join(_split_lines(method, each_class, arguments)),
            *([source(resampled_order)] if is_resampled else []),
            _BATCHES.replace(_SHUFFLED, _RESAMPLED) if is_resampled else _BATCHES,
        ),
        steps=(
            f"train, validation, test = split_rows({arguments})",
            "training = Batches(arrays, targets, train)",
            # The number of its batches follows from the order.
            *(["training.shuffle(0)"] if is_resampled else []),
        ),
    )


def _is_resampled(settings: Mapping[str, Any], spec: DataSpec) -> bool:
    return settings["resampling"] != "none" and spec.task in RESAMPLED_TASKS


def _split_lines(method: str, each_class: bool, arguments: str) -> list[str]:
    rows, test = ("np.flatnonzero(~is_test)", "0") if method == GIVEN else ("np.arange(len(targets))", "TEST")
    lines = [
        f"def split_rows({arguments}):",
        f'{INDENT}"""Return the rows for training, validation and test, the same for the same seed."""',
        f"{INDENT}rows = {rows}",
    ]
    if method == "ordered":
        return [*lines, f"{INDENT}return cut(rows, VALIDATION, TEST)"]
    lines.append(f"{INDENT}random = np.random.default_rng(SPLIT_SEED)")
    cutting = (
        f"cut_each_class(rows, targets, len(CLASS_NAMES), VALIDATION, {test}, random)"
        if each_class
        else f"cut(random.permutation(rows), VALIDATION, {test})"
    )
    if method == GIVEN:
        return [
            *lines,
            f"{INDENT}train, validation, _ = {cutting}",
            f"{INDENT}return np.sort(train), np.sort(validation), np.flatnonzero(is_test)",
        ]
    return [*lines, f"{INDENT}parts = {cutting}", f"{INDENT}return [np.sort(part) for part in parts]"]


def weights_part(settings: Mapping[str, Any]) -> Part | None:
    """Return the part that starts from the weights of a saved model, or None where all are new."""
    chosen = settings["initial_weights"]
    if not chosen.startswith((_RUN, _FILE)):
        return None
    lines = [f"INITIAL_WEIGHTS = {literal(chosen.removeprefix(_FILE))}"]
    if chosen.startswith(_RUN):
        run = chosen.removeprefix(_RUN)
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
    balanced = settings["class_weights"] == "balanced" and spec.task == "classification"
    balanced = balanced and not _is_resampled(settings, spec)
    carried += [*carried_by_objective(objective(settings, spec, model))]
    carried += [balanced_class_weights] if balanced else []
    needs_numpy = balanced or settings["schedule"] == "one_cycle"
    return Part(
        "The training",
        "The optimizer follows the slope of the loss on each batch; after every epoch the validation rows "
        "are scored. The weights of the best epoch are kept.",
        imports=("import keras", *(["import numpy as np"] if needs_numpy else [])),
        constants=tuple(
            [
                f"SEED = {settings['seed']}",
                f"BATCH_SIZE = {settings['batch_size']}",
                f"EPOCHS = {settings['epochs']}",
                f"LEARNING_RATE = {settings['learning_rate']}",
                *(constant("LEARNING_RATE_FACTORS", factors) if factors else []),
            ]
        ),
        definitions=tuple(
            [*(source(item) for item in carried), _compile_source(settings, spec, model, factors)]
        ),
        steps=tuple(_fit_lines(settings, balanced)),
    )


def evaluation_part() -> Part:
    """Return the part that scores the model on rows that it has never seen, and saves it."""
    return Part(
        "Evaluation",
        "The test rows were neither trained on nor used to choose the best epoch.",
        steps=(
            "print(model.evaluate(Batches(arrays, targets, test), return_dict=True))",
            "model.save(output)",
        ),
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
        "shuffle = keras.callbacks.LambdaCallback("
        "on_epoch_begin=lambda epoch, logs: training.shuffle(epoch))",
        *(f"{name} = {literal(call)}" for name, call in chosen.items()),
        f"model.fit({', '.join(items)})",
    ]
