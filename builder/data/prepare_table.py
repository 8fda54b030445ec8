"""Encoding a table's columns: numbers, categories, texts and the target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from builder.data.columns import ColumnFacts, check_roles, column_problems, propose_roles, table_facts
from builder.data.features import category_problems, encode_categorical, encode_numeric, fit_table
from builder.data.files import hash_files
from builder.data.spec import TEXT_INPUT, ArraySpec, DataSpec, ModelInput
from builder.data.splits import split_rows
from builder.data.tables import TableSource
from builder.data.targets import Targets, check_varies, read_targets
from builder.data.text import build_vocabulary, encode_texts, proposed_length, token_index
from builder.data.writing import ArrayWriter, write_array, write_rows
from builder.errors import Problem, stop
from builder.params import AUTO
from builder.project import DataRecipe

_CHUNK = 5_000


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


def used_table(
    recipe: DataRecipe, source: TableSource, facts: Mapping[str, ColumnFacts], fixed_roles: Mapping[str, str]
) -> UsedTable:
    """Return the table that a recipe uses; without roles in the recipe, the proposed ones.

    Raises:
        BuilderError: where roles, task and columns do not fit together.
    """
    roles = dict(recipe.roles) or propose_roles(facts, fixed_roles)
    check_roles(roles, facts, recipe.task)
    target = next(name for name, role in roles.items() if role == "target")
    targets = read_targets(recipe.task, source.frame[target], facts[target])
    warnings = [*column_problems(facts, roles, source.lines), *category_problems(source.frame, roles)]
    kept = targets.kept
    return UsedTable(
        frame=source.frame.iloc[kept].reset_index(drop=True),
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

    Vocabulary, means, variances and categories come from the training part alone.

    Raises:
        BuilderError: where the table cannot be used as the recipe says.
    """
    facts = table_facts(source.frame, source.decimal_comma)
    table = used_table(recipe, source, facts, source.roles)
    targets = table.targets
    parts = split_rows(
        recipe.split_settings(), len(table.frame), targets.classes, targets.class_names, table.is_test
    )
    on_progress(0.4, "Encoding the columns")
    inputs = _write_inputs(recipe.settings(), table, parts["train"], folder)
    on_progress(0.8, "Writing the rows")
    write_array(folder / "targets.npy", targets.values)
    for part, rows in parts.items():
        write_array(folder / f"{part}.npy", rows)
    write_rows(folder / "rows.arrow", _shown_columns(table))
    mean, variance = _moments(targets, parts["train"], table.columns("target")[0])
    spec = DataSpec(
        task=recipe.task,
        inputs=inputs,
        class_names=targets.class_names,
        target_name=table.columns("target")[0],
        target_mean=mean,
        target_variance=variance,
        rows={part: len(rows) for part, rows in parts.items()},
        data_hash=hash_files(source.files),
        source_title=source.title,
    )
    return spec, list(table.problems)


def fit_text(texts: pd.Series, settings: Mapping[str, Any]) -> ModelInput:
    """Return the text input with the vocabulary of the given texts, those of the training part."""
    length = settings["sequence_length"]
    length = proposed_length(texts) if length == AUTO else length
    vocabulary = build_vocabulary(texts, settings["vocabulary_size"])
    if len(vocabulary) == 2:
        message = (
            f"The text column '{texts.name}' holds no words in the training rows. Choose another column."
        )
        raise stop("no_words", message, field=str(texts.name))
    described = {
        "vocabulary": vocabulary,
        "sequence_length": length,
        "column": str(texts.name),
    }
    return ModelInput(TEXT_INPUT, "text", (ArraySpec("tokens", (length,), "int32"),), described)


def _kept(item: ColumnFacts, kept: np.ndarray) -> ColumnFacts:
    return replace(item, missing=item.missing[kept], numbers=item.numbers[kept], strays=item.strays[kept])


def _write_inputs(
    settings: dict[str, Any], table: UsedTable, train: np.ndarray, folder: Path
) -> tuple[ModelInput, ...]:
    inputs = []
    for column in table.columns("text"):
        texts = table.frame[column]
        text = fit_text(texts.iloc[train], settings)
        _write_tokens(texts, text, folder / "tokens.npy")
        inputs.append(text)
    numeric, categorical = table.columns("numeric"), table.columns("categorical")
    if numeric or categorical:
        features = fit_table(table.frame, table.facts, numeric, categorical, train, settings["normalize"])
        inputs.append(features)
        _write_features(table, features, folder)
    return tuple(inputs)


def _write_tokens(texts: pd.Series, text: ModelInput, path: Path) -> None:
    index = token_index(text.settings["vocabulary"])
    length = text.settings["sequence_length"]
    with path.open("wb") as stream:
        writer = ArrayWriter(stream, (length,), "int32")
        for start in range(0, len(texts), _CHUNK):
            writer.append(encode_texts(texts.iloc[start : start + _CHUNK].tolist(), index, length))
        writer.finish()


def _write_features(table: UsedTable, features: ModelInput, folder: Path) -> None:
    settings = features.settings
    if settings["numeric_columns"]:
        numbers = [table.facts[name].numbers for name in settings["numeric_columns"]]
        write_array(folder / "numeric.npy", encode_numeric(numbers, settings["means"]))
    if settings["categorical_columns"]:
        cells = {name: table.frame[name].tolist() for name in settings["categorical_columns"]}
        write_array(folder / "categorical.npy", encode_categorical(cells, settings))


def _shown_columns(table: UsedTable) -> dict[str, pa.Array]:
    """Return every column in use as a person sees it: numbers as numbers, missing values as null."""
    columns = {}
    for name in table.frame.columns:
        role = table.roles.get(name, "ignore")
        if role == "numeric":
            columns[name] = pa.array(table.facts[name].numbers, from_pandas=True)
        elif role == "categorical":
            columns[name] = pa.array(table.frame[name].where(~table.facts[name].missing))
        elif role == "text":
            columns[name] = pa.array(table.frame[name])
    return columns


def _moments(targets: Targets, train: np.ndarray, name: str) -> tuple[float, float]:
    if targets.classes is not None:
        return 0.0, 1.0
    values = targets.values[train].astype(np.float64)
    check_varies(name, values)
    return float(values.mean()), float(values.var())
