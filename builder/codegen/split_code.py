"""The part of a script that splits the data, and makes batches of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.codegen.layout import INDENT, formatted, literal, source
from builder.codegen.loading import GIVEN, GROUP, Loaded, not_code
from builder.codegen.script_parts import Part
from builder.data import grouping
from builder.data.partition import cut, cut_each_class
from builder.data.resampling import RESAMPLED_TASKS, resampled_order
from builder.data.spec import DataSpec
from builder.tasks import TASKS

_METHODS = ("stratified", "random", "ordered", GIVEN, GROUP)

_BATCHES = '''\
class Batches(keras.utils.PyDataset):
    """Batches of some rows, as they stand or in an order that follows from seed and epoch alone."""

    def __init__(self, arrays, targets, rows):
        super().__init__()
        self.arrays = {name: array[rows] for name, array in arrays.items()}
        self.targets = {own_targets}
        self.order = np.arange(len(rows))

    def shuffle(self, epoch):
        """Put the rows into the order of an epoch, which counts from 0."""
        self.order = {order}

    def __len__(self):
        """Return the number of batches."""
        return -(-len(self.order) // BATCH_SIZE)

    def __getitem__(self, index):
        """Return one batch: inputs by name, and targets."""
        rows = self.order[index * BATCH_SIZE : (index + 1) * BATCH_SIZE]
        arrays = {name: array[rows] for name, array in self.arrays.items()}
        return arrays, {targets}'''

_CHANGED = '''\
class ChangedBatches(Batches):
    """Batches that ``changed`` changes, as it draws from seed, epoch and batch alone."""

    epoch = 0

    def shuffle(self, epoch):
        """Begin an epoch, which counts from 0."""
        super().shuffle(epoch)
        self.epoch = epoch

    def __getitem__(self, index):
        """Return one batch, changed."""
        seed = tf.random.fold_in(tf.constant((SEED, self.epoch)), index)
        return changed(*super().__getitem__(index), seed)'''

_SHUFFLED = "np.random.default_rng((SEED, epoch)).permutation(len(self.order))"
_RESAMPLED = "resampled_order(self.targets, RESAMPLING, SEED, epoch)"


def batches_source(several_targets: bool = False, is_resampled: bool = False) -> str:
    """Return the source of the class that gives batches."""
    own, some = "targets[rows]", "self.targets[rows]"
    if several_targets:
        own, some = (f"tuple(target[rows] for target in {name})" for name in ("targets", "self.targets"))
    order = _RESAMPLED if is_resampled else _SHUFFLED
    code = _BATCHES.replace("{own_targets}", own).replace("{targets}", some)
    return code.replace("{order}", order)


def changed_batches_source() -> str:
    """Return the source of the class of training batches that the script's ``changed`` changes."""
    return _CHANGED


def is_resampled(settings: Mapping[str, Any], spec: DataSpec) -> bool:
    """Tell whether an epoch shows every class equally often."""
    return settings["resampling"] != "none" and spec.task in RESAMPLED_TASKS


def training_steps(batches: str, resampled: bool) -> tuple[str, ...]:
    """Return the statements that make the batches of training, by the name of their class."""
    steps = (f"training = {batches}(arrays, targets, train)",)
    # The number of batches follows from the order.
    return (*steps, "training.shuffle(0)") if resampled else steps


def split_part(
    split: Mapping[str, Any],
    settings: Mapping[str, Any],
    spec: DataSpec,
    given: Loaded,
    augmented: bool = False,
) -> Part:
    """Return the part that cuts the rows as they were cut for training, and makes batches.

    Args:
        split: the split's settings, defaults filled in.
        settings: the training settings, defaults filled in.
        spec: the data's description.
        given: what ``load_data`` returns besides arrays and targets.
        augmented: whether another part makes the batches of training.

    Raises:
        BuilderError: ``not_code`` for a method that no script can follow.
    """
    method = split["method"]
    if method not in _METHODS or (method == GROUP and "is_normal" in given.names):
        raise not_code(f"the split method '{method}'")
    several, resampled = bool(spec.further_targets), is_resampled(settings, spec)
    if several and resampled:
        raise not_code("rare classes shown more often beside several targets")
    has_one_class = TASKS[spec.task].predicts == "classes" and not spec.target_shape
    by_class = bool(spec.class_names) and has_one_class
    each_class = method in ("stratified", GIVEN) and by_class
    shares = f"VALIDATION, TEST = {split['validation']}, {split['test']}"
    arguments = ", ".join(["targets", *given.names])
    if method == GROUP:
        carried, lines = _by_group(by_class)
    else:
        carried = [source(cut), *([source(cut_each_class)] if each_class else [])]
        lines = _split_lines(method, each_class, "is_normal" in given.names)
    first = arguments.replace("targets", "targets[0]") if several else arguments
    return Part(
        "Training, validation and test",
        "Validation rows steer the training, test rows only score the finished model.",
        imports=("import keras", "import numpy as np"),
        constants=(
            *([f"BALANCED_GROUPS = {grouping.BALANCED_GROUPS:_}"] if method == GROUP else []),
            f"VALIDATION = {split['validation']}" if method == GIVEN else shares,
            *([f"SPLIT_SEED = {split['seed']}"] if method != "ordered" else []),
            *([f"RESAMPLING = {literal(settings['resampling'])}"] if resampled else []),
        ),
        definitions=(
            *carried,
            "\n".join([f"def split_rows({arguments}):", _DOCSTRING, *lines]),
            *([source(resampled_order)] if resampled else []),
            batches_source(several, resampled),
        ),
        steps=(
            f"train, validation, test = split_rows({first})",
            *(() if augmented else training_steps("Batches", resampled)),
        ),
    )


_DOCSTRING = f'{INDENT}"""Return the rows for training, validation and test, the same for the same seed."""'


def _by_group(by_class: bool) -> tuple[list[str], list[str]]:
    """Return what a split by groups carries, and its statements."""
    helpers = (
        grouping.class_counts,
        grouping.balanced_parts,
        grouping.parts_by_size,
        grouping.fill_empty,
        grouping.assign_groups,
    )
    classes = "targets, len(CLASS_NAMES)" if by_class else "None, 0"
    lines = [
        f"{INDENT}random = np.random.default_rng(SPLIT_SEED)",
        f"{INDENT}shares = [1 - VALIDATION - TEST, VALIDATION, TEST]",
        *formatted(INDENT, f"part = assign_groups(groups, {classes}, shares, random)"),
        f"{INDENT}return [np.flatnonzero(part == number) for number in range(3)]",
    ]
    return [source(item) for item in helpers], lines


def _split_lines(method: str, each_class: bool, is_normal: bool) -> list[str]:
    """Return the statements of ``split_rows``; where only normal rows are learned from, all others are test.

    Args:
        method: how the rows are split.
        each_class: whether each part gets its share of each class.
        is_normal: whether the rows are told to be normal or not.
    """
    conditions = [*(["is_normal"] if is_normal else []), *(["~is_test"] if method == GIVEN else [])]
    rows = f"np.flatnonzero({' & '.join(conditions)})" if conditions else "np.arange(len(targets))"
    test = "0" if method == GIVEN else "TEST"
    lines = [f"{INDENT}rows = {rows}"]
    if method == "ordered":
        cutting = "cut(rows, VALIDATION, TEST)"
    else:
        lines.append(f"{INDENT}random = np.random.default_rng(SPLIT_SEED)")
        cutting = (
            f"cut_each_class(rows, targets, len(CLASS_NAMES), VALIDATION, {test}, random)"
            if each_class
            else f"cut(random.permutation(rows), VALIDATION, {test})"
        )
    if method != GIVEN and not is_normal:
        if method == "ordered":
            return [*lines, f"{INDENT}return {cutting}"]
        return [*lines, f"{INDENT}parts = {cutting}", f"{INDENT}return [np.sort(part) for part in parts]"]
    if method == GIVEN:
        kept = "np.flatnonzero(is_test | ~is_normal)" if is_normal else "np.flatnonzero(is_test)"
    else:
        kept = "np.sort(np.concatenate([test, np.flatnonzero(~is_normal)]))"
    last = "_" if method == GIVEN else "test"
    return [
        *lines,
        f"{INDENT}train, validation, {last} = {cutting}",
        f"{INDENT}return np.sort(train), np.sort(validation), {kept}",
    ]
