"""Encoding a table's columns: numbers, categories, texts and the target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from builder.data.columns import ColumnFacts, check_roles, column_problems, sign_problems, table_facts
from builder.data.counting import Moments
from builder.data.features import (
    MAXIMUM_CATEGORIES,
    TableFitter,
    category_problems,
    many_categories_problem,
)
from builder.data.files import hash_files
from builder.data.known_tokenizers import tokenizer_for
from builder.data.labels import read_label_targets
from builder.data.prepare_files import STORED_AS
from builder.data.prepare_linked import LinkedInput, linked_input
from builder.data.reconstruction import (
    ANOMALIES_FILE,
    parts_of_normal,
    settled_normal,
    write_features,
)
from builder.data.spec import TEXT_INPUT, ArraySpec, DataSpec, ModelInput, TargetSpec
from builder.data.splits import split_columns, split_problems, split_rows
from builder.data.table_codes import encode_categorical, encode_numeric
from builder.data.table_rows import (
    RowsWritten,
    row_batches,
    settled_roles,
    target_columns,
    write_used_rows,
)
from builder.data.table_source import TableSource
from builder.data.targets import Targets, check_varies, read_targets, settled_order
from builder.data.tokenizers import encode_texts, fitting_length
from builder.data.transcripts import read_transcripts, steps_needed
from builder.data.wordless import without_known_words, wordless, wordless_problems
from builder.data.writing import ArrayWriter, further_targets_file, write_array
from builder.errors import Problem, stop
from builder.params import AUTO
from builder.project import DataRecipe
from builder.tasks import READ_AS, TASKS


@dataclass(frozen=True)
class UsedTable:
    """A table with its roles settled: only the rows that have a target."""

    frame: pd.DataFrame
    facts: Mapping[str, ColumnFacts]
    roles: Mapping[str, str]
    targets: Targets
    is_test: np.ndarray | None
    problems: tuple[Problem, ...]

    def columns(self, role: str) -> list[str]:
        """The columns of a role, in the table's order."""
        return [name for name in self.frame.columns if self.roles.get(name) == role]


def used_table(recipe: DataRecipe, source: TableSource, facts: Mapping[str, ColumnFacts]) -> UsedTable:
    """Return the table that a recipe uses; without roles in the recipe, the proposed ones.

    Raises:
        BuilderError: where roles, task and columns do not fit together.
    """
    roles = settled_roles(recipe.roles, source, facts)
    check_roles(roles, facts, recipe.task)
    names = target_columns(roles)
    if TASKS[recipe.task].predicts == "labels":
        targets = read_label_targets(source.frame, facts, names)
    elif TASKS[recipe.task].free_steps:
        targets = read_transcripts(source.frame[names[0]])
    else:
        targets = read_targets(READ_AS.get(recipe.task, recipe.task), source.frame[names[0]], facts[names[0]])
    targets = settled_order(recipe.task, targets, recipe.settings()["class_order"], names[0])
    warnings = column_problems(source.frame, facts, roles, source.lines)
    warnings += category_problems(source.frame, roles)
    warnings += sign_problems(source.frame, roles)
    kept = targets.kept
    frame = source.frame.iloc[kept].reset_index(drop=True)
    warnings += _wordless_problems(frame, roles, recipe.settings()["tokenizer"])
    return UsedTable(
        frame=frame,
        facts={name: _kept(item, kept) for name, item in facts.items()},
        roles=roles,
        targets=targets,
        is_test=None if source.is_test is None else source.is_test[kept],
        problems=(*source.problems, *warnings, *targets.problems),
    )


def prepare_table(
    recipe: DataRecipe, source: TableSource, folder: Path, on_progress: Callable[[float, str], None]
) -> tuple[DataSpec, list[Problem]]:
    """Write a table's inputs, targets and parts as arrays; return the specification and warnings.

    The rows pass three times, never all at once: to find the targets, to learn vocabulary, means,
    variances and categories from the training part alone, and to be encoded.

    Raises:
        BuilderError: where the table cannot be used as the recipe says.
    """
    facts = table_facts(source.frame, source.decimal_comma)
    roles = settled_roles(recipe.roles, source, facts)
    check_roles(roles, facts, recipe.task)
    split = recipe.split_settings()
    group, time = split_columns(split)
    rows = write_used_rows(source, roles, recipe.task, facts, group, time, folder, on_progress)
    names = target_columns(roles)
    settled = settled_order(recipe.task, rows.targets, recipe.settings()["class_order"], names[0])
    rows = replace(rows, targets=settled)
    parts = table_parts(recipe, rows.targets, rows.is_test, rows.groups, rows.times)
    on_progress(0.5, "Learning from the training rows")
    linked = _linked_inputs(source, roles, recipe.settings())
    inputs, input_warnings = _write_inputs(
        recipe.settings(),
        roles,
        list(source.frame.columns),
        rows,
        parts["train"],
        linked,
        folder,
        on_progress,
    )
    write_array(folder / "targets.npy", rows.targets.values)
    for number, (_, _, values) in enumerate(rows.further_targets):
        write_array(folder / further_targets_file(number), values.values)
    for part, chosen in parts.items():
        write_array(folder / f"{part}.npy", chosen)
    mean, variance = _moments(rows.targets, parts["train"], names[0])
    spec = DataSpec(
        task=recipe.task,
        inputs=inputs,
        class_names=rows.targets.class_names,
        target_name=names[0] if len(names) == 1 else "labels",
        target_mean=mean,
        target_variance=variance,
        target_shape=rows.targets.values.shape[1:],
        steps_needed=steps_needed(rows.targets.values) if recipe.task == "transcription" else 0,
        rows={part: len(chosen) for part, chosen in parts.items()},
        data_hash=hash_files(source.files),
        source_title=source.title,
        reading=source.reading,
        further_targets=tuple(_target_spec(*item, parts["train"]) for item in rows.further_targets),
    )
    if recipe.task == "reconstruction":
        spec = _reconstructed(recipe, rows, spec, folder)
    return spec, [*rows.problems, *input_warnings, *split_problems(split, parts, rows.count)]


def table_parts(
    recipe: DataRecipe,
    targets: Targets,
    is_test: np.ndarray | None,
    groups: np.ndarray | None,
    times: np.ndarray | None,
) -> dict[str, np.ndarray]:
    """Return the rows of each part of a table; of an anomaly detection only normal ones are split.

    Raises:
        BuilderError: where the rows cannot be split as the recipe says.
    """
    split, classes, names = recipe.split_settings(), targets.classes, targets.class_names
    if recipe.task == "reconstruction" and classes is not None:
        normal = settled_normal(recipe.settings()["normal_class"], names, classes)
        return parts_of_normal(split, classes == normal, is_test, groups, times)
    return split_rows(split, len(targets.values), classes, names, is_test, groups, times)


def _reconstructed(recipe: DataRecipe, rows: RowsWritten, spec: DataSpec, folder: Path) -> DataSpec:
    """Write the features as the target, and which rows are anomalies; return what this makes of the data."""
    if [item.kind for item in spec.inputs] != ["table"]:
        message = (
            "Anomalies can be found in tables of numbers and categories, and in pictures. Leave out texts."
        )
        raise stop("reconstruction_inputs", message, field="roles")
    classes, names = rows.targets.values, rows.targets.class_names
    normal = settled_normal(recipe.settings()["normal_class"], names, classes)
    write_array(folder / ANOMALIES_FILE, (classes != normal).astype(np.uint8))
    described = {"normal": names[normal], "quantile": recipe.settings()["anomaly_quantile"]}
    features = write_features(folder, spec.inputs[0])
    return replace(spec, class_names=(), target_shape=(features,), anomaly=described)


def fit_text(
    texts: Callable[[], Iterator[list[str]]], column: str, settings: Mapping[str, Any]
) -> ModelInput:
    """Return the text input with the vocabulary of the training texts.

    Args:
        texts: returns the training texts from the beginning, some at a time, whenever it is called.
        column: the name of their column.
        settings: the preprocessing settings.
    """
    described = tokenizer_for(settings, texts)
    if len(described["vocabulary"]) == 2:
        message = f"The text column '{column}' holds no words in the training rows. Choose another column."
        raise stop("no_words", message, field=column)
    length = settings["sequence_length"]
    length = fitting_length(described, texts()) if length == AUTO else length
    described |= {"sequence_length": length, "column": column}
    return ModelInput(TEXT_INPUT, "text", (ArraySpec("tokens", (length,), "int32"),), described)


def _wordless_problems(frame: pd.DataFrame, roles: Mapping[str, str], tokenizer: str) -> list[Problem]:
    texts = [name for name in frame.columns if roles.get(name) == "text"]
    counts = [(name, int(wordless(frame[name], tokenizer).sum())) for name in texts]
    return [problem for name, count in counts for problem in wordless_problems(name, count, len(frame))]


def _kept(item: ColumnFacts, kept: np.ndarray) -> ColumnFacts:
    return replace(item, missing=item.missing[kept], numbers=item.numbers[kept], strays=item.strays[kept])


def _write_inputs(
    settings: Mapping[str, Any],
    roles: Mapping[str, str],
    order: list[str],
    rows: RowsWritten,
    train: np.ndarray,
    linked: list[LinkedInput],
    folder: Path,
    on_progress: Callable[[float, str], None],
) -> tuple[tuple[ModelInput, ...], list[Problem]]:
    is_train = np.zeros(rows.count, dtype=bool)
    is_train[train] = True
    inputs: list[ModelInput] = []
    problems: list[Problem] = []
    text = next((name for name in order if roles.get(name) == "text"), None)
    if text is not None:
        inputs.append(fit_text(lambda: _training_texts(rows.path, text, is_train), text, settings))
    numeric = [name for name in order if roles.get(name) == "numeric"]
    categorical = [name for name in order if roles.get(name) == "categorical"]
    if numeric or categorical:
        fitter = TableFitter(numeric, categorical)
        for start, batch in row_batches(rows.path):
            chosen = is_train[start : start + len(batch)]
            fitter.add({name: _column(batch, name) for name in (*numeric, *categorical)}, chosen)
        inputs.append(fitter.finish(settings["normalize"]))
        problems = [
            many_categories_problem(name, count)
            for name, count in fitter.distinct.items()
            if count > MAXIMUM_CATEGORIES
        ]
    without_words = _encode(rows, inputs, linked, folder, on_progress)
    if text is not None:
        problems += wordless_problems(text, without_words, rows.count)
    for item in linked:
        problems += item.problems()
    return (*(item.item for item in linked), *inputs), problems


def _linked_inputs(
    source: TableSource, roles: Mapping[str, str], settings: Mapping[str, Any]
) -> list[LinkedInput]:
    """Return the inputs of columns that name files: pictures first, then recordings."""
    found = []
    for kind in ("image", "audio"):
        column = next((name for name, role in roles.items() if role == kind), None)
        if column is None:
            continue
        if source.links is None or source.links.columns.get(column) != kind:
            message = (
                f"The column '{column}' has the role '{kind}', but its cells do not name such files beside "
                "the table. Pack the table and the files into one folder or zip, or give it another role."
            )
            raise stop("no_linked_files", message, field=column)
        cells = source.frame[column].tolist()
        found.append(linked_input(kind, column, cells, source.links, settings))
    return found


def _training_texts(path: Path, column: str, is_train: np.ndarray) -> Iterator[list[str]]:
    for start, batch in row_batches(path):
        texts = batch.column(column).filter(is_train[start : start + len(batch)])
        yield texts.to_pylist()


def _column(batch: Any, name: str) -> np.ndarray:
    return batch.column(name).to_numpy(zero_copy_only=False)


def _encode(
    rows: RowsWritten,
    inputs: list[ModelInput],
    linked: list[LinkedInput],
    folder: Path,
    on_progress: Callable[[float, str], None],
) -> int:
    """Write every input's arrays in one pass over the rows; return how many have a text without words."""
    without_words = 0
    arrays = [array for item in inputs for array in item.arrays]
    arrays += [replace(item.item.arrays[0], dtype=STORED_AS[item.item.kind]) for item in linked]
    with ExitStack() as stack:
        writers = {
            array.name: ArrayWriter(
                stack.enter_context((folder / f"{array.name}.npy").open("wb")), array.shape, array.dtype
            )
            for array in arrays
        }
        encoders = [_encoder(item) for item in inputs]
        for start, batch in row_batches(rows.path):
            for encoder in encoders:
                for name, values in encoder(batch).items():
                    writers[name].append(values)
                    without_words += int(without_known_words(values).sum()) if name == "tokens" else 0
            for item in linked:
                for values in item.pieces(batch.column(item.column).to_pylist()):
                    writers[item.item.arrays[0].name].append(values)
            on_progress(0.65 + 0.3 * start / max(rows.count, 1), f"Encoding the rows ({start:,})")
        for writer in writers.values():
            writer.finish()
    return without_words


def _encoder(item: ModelInput) -> Callable[[Any], dict[str, np.ndarray]]:
    settings = item.settings
    if item.kind == "text":
        return lambda batch: {"tokens": encode_texts(settings, batch.column(settings["column"]).to_pylist())}

    def encode(batch: Any) -> dict[str, np.ndarray]:
        arrays = {}
        if settings["numeric_columns"]:
            numbers = [_column(batch, name) for name in settings["numeric_columns"]]
            arrays["numeric"] = encode_numeric(numbers, settings["means"])
        if settings["categorical_columns"]:
            words = {name: batch.column(name).to_pylist() for name in settings["categorical_columns"]}
            arrays["categorical"] = encode_categorical(words, settings)
        return arrays

    return encode


def _target_spec(name: str, task: str, targets: Targets, train: np.ndarray) -> TargetSpec:
    mean, variance = _moments(targets, train, name)
    return TargetSpec(name, task, targets.class_names, mean, variance)


def _moments(targets: Targets, train: np.ndarray, name: str) -> tuple[float, float]:
    if targets.class_names:
        return 0.0, 1.0
    values = targets.values[train]
    check_varies(name, values)
    moments = Moments()
    for start in range(0, len(values), 1_000_000):
        moments.add(values[start : start + 1_000_000])
    return moments.mean, moments.variance
