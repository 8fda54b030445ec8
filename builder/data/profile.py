"""What is known of a source before anything is prepared: counts, columns, examples, problems, a proposal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from builder.augmentation_parameters import AUGMENTATION_PARAMETERS
from builder.data.audio import AudioSource
from builder.data.class_folders import name_columns
from builder.data.columns import (
    ColumnFacts,
    check_column,
    constant_problems,
    propose_roles,
    propose_task,
    table_facts,
)
from builder.data.files import BrokenFile
from builder.data.images import ImageSource
from builder.data.labels import holds_labels, label_names, multi_hot
from builder.data.marks import MARK, changed, mark_of
from builder.data.picture_boxes import BoxSource
from builder.data.picture_pairs import MaskSource
from builder.data.prepare_audio import audio_form, listen_to
from builder.data.prepare_files import FileSource, check_class_recipe, kind_of
from builder.data.prepare_images import image_size
from builder.data.prepare_pairs import pair_columns
from builder.data.prepare_table import table_parts, used_table
from builder.data.profile_pictures import picture_sizes, profile_boxes, profile_masks
from builder.data.profile_tokens import profile_tokens
from builder.data.showing import outline, picture_address, sound_address
from builder.data.some_rows import spread
from builder.data.sources import open_source, sample
from builder.data.split_files import split_files
from builder.data.split_values import split_values
from builder.data.splits import split_problems, split_rows
from builder.data.table_source import TableSource
from builder.data.tagged_text import ROLES as TAGGED_ROLES
from builder.data.tagged_text import TAGS, has_tags
from builder.data.text import build_vocabulary, proposed_length
from builder.errors import BuilderError, Problem
from builder.params import AUTO, Parameter, with_defaults
from builder.project import PREPROCESSING_PARAMETERS, SPLIT_PARAMETERS, WRITTEN_AS, DataRecipe
from builder.tasks import FURTHER_ROLES, TASKS

EXAMPLES = 12
_EXAMPLE_CHARACTERS = 400
_TOP_VALUES = 8
_HISTOGRAM_BINS = 20
# What the answers of a source are tells its task.
_TASK_OF = {MaskSource: "segmentation", BoxSource: "detection"}


def propose(source: Mapping[str, Any], target: str | None = None, task: str | None = None) -> DataRecipe:
    """Return a recipe that suits a source: task, roles, preprocessing and split.

    Args:
        source: where the data come from.
        target: the column to predict; the one that looks like it where None.
        task: what is wished for, by which a table's target is chosen; the recipe's own task suits the target.

    Raises:
        BuilderError: where the source cannot be read, or has no such column.
    """
    content = open_source(source)
    if target is not None:
        check_column(target, list(content.frame.columns) if isinstance(content, TableSource) else [])
    if isinstance(source.get("path"), str):
        source = {**source, MARK: mark_of(Path(source["path"]))}
    if not isinstance(content, TableSource):
        return _propose_files(source, content)
    if has_tags(content) and target in (None, TAGS):
        return _propose_tokens(source, content)
    facts = table_facts(content.frame, content.decimal_comma)
    roles = propose_roles(facts, _fixed_roles(content, target), task)
    predicted = next((name for name, role in roles.items() if role == "target"), None)
    has_text = "text" in roles.values()
    task = _proposed_task(source, content, None if predicted is None else facts[predicted], has_text)
    preprocessing = WRITTEN_AS.get(task)
    return DataRecipe(
        source=dict(source),
        task=task,
        roles=roles,
        preprocessing=_input_settings(content, roles) if preprocessing is None else dict(preprocessing),
        split=_split(content, task),
    )


def _fixed_roles(content: TableSource, target: str | None) -> Mapping[str, str]:
    """Return the roles that are no matter of proposal: a sample's own, and the target that was chosen."""
    if target is None:
        return content.roles
    return {name: role for name, role in content.roles.items() if role != "target"} | {target: "target"}


def _propose_tokens(source: Mapping[str, Any], content: TableSource) -> DataRecipe:
    return DataRecipe(
        source=dict(source),
        task="token_classification",
        roles=TAGGED_ROLES,
        preprocessing={"tokenizer": "byte_pair", "vocabulary_size": 4000, "sequence_length": AUTO},
        split=_split(content, "token_classification"),
    )


def _proposed_task(
    source: Mapping[str, Any], content: TableSource, target: ColumnFacts | None, has_text: bool
) -> str:
    if source.get("kind") == "sample":
        return sample(source.get("name")).task
    # A lone column of texts has nothing to predict but its own next piece.
    if target is None:
        return "language_model"
    if target.type != "number" and holds_labels(content.frame[target.name]):
        return "multi_label"
    return propose_task(target, has_text)


def profile(recipe: DataRecipe) -> dict[str, Any]:
    """Return as JSON-ready data what is known of a recipe's data.

    The keys: ``title``, ``kind`` (image, audio, series, text, table), ``rows``, ``task``, ``parts`` (rows of
    each part, or None where the split fails), ``class_balance`` ({class: rows}; None for regression),
    ``columns`` (of a table: name, type, role, missing, distinct, minimum, maximum, mean, top_values,
    examples, histogram), ``split_columns`` (what a split can go by), ``examples`` (rows of a table;
    ``{"image": PNG data address, "label"}`` of pictures, ``{"sound": WAV data address, "outline", "seconds",
    "rate", "label"}`` of recordings, ``{"lines", "label"}`` of series) and ``problems``, where everything
    stands that is wrong with the recipe over these data.

    Raises:
        BuilderError: where the source cannot be read at all.
    """
    content = open_source(recipe.source)
    sound = _with_sound_settings(recipe)
    if isinstance(content, MaskSource):
        found = profile_masks(sound, content)
    elif isinstance(content, BoxSource):
        found = profile_boxes(sound, content)
    elif recipe.task == "token_classification" and isinstance(content, TableSource):
        found = profile_tokens(sound, content)
    elif isinstance(content, TableSource):
        found = _profile_table(sound, content)
    else:
        found = _profile_files(sound, content)
    problems = [*recipe.check(), *changed(recipe.source), *found.pop("problems")]
    return {
        "title": content.title,
        "task": recipe.task,
        **found,
        "problems": [problem.to_json() for problem in problems],
    }


def _with_sound_settings(recipe: DataRecipe) -> DataRecipe:
    """Return the recipe with the default in place of every value that its parameter refuses."""
    return replace(
        recipe,
        preprocessing=_sound(PREPROCESSING_PARAMETERS, recipe.preprocessing),
        split=_sound(SPLIT_PARAMETERS, recipe.split),
        augmentation=_sound(AUGMENTATION_PARAMETERS, recipe.augmentation),
    )


def _sound(parameters: Sequence[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    names = {item.name for item in parameters if item.name in values and item.check(values[item.name], "")}
    return {name: value for name, value in values.items() if name not in names}


def _propose_files(source: Mapping[str, Any], content: FileSource | MaskSource | BoxSource) -> DataRecipe:
    task = next((task for kind, task in _TASK_OF.items() if isinstance(content, kind)), "classification")
    if source.get("kind") == "sample":
        task = sample(source.get("name")).task
    if isinstance(content, ImageSource) and len(content.class_names) == 1:
        # There is nothing to tell apart, but new ones can be made up.
        task = "generation"
    return DataRecipe(
        source=dict(source),
        task=task,
        preprocessing=_file_settings(content),
        split=_split(content, task),
    )


def _file_settings(content: FileSource | MaskSource | BoxSource) -> dict[str, Any]:
    if isinstance(content, ImageSource | MaskSource | BoxSource):
        automatic = {"image_height": AUTO, "image_width": AUTO, "color_mode": AUTO}
        size = image_size(content, with_defaults(PREPROCESSING_PARAMETERS, automatic))
        color = "rgb" if size.channels == 3 else "grayscale"
        return {"image_height": size.height, "image_width": size.width, "color_mode": color}
    if isinstance(content, AudioSource):
        rate, seconds = audio_form(content, with_defaults(PREPROCESSING_PARAMETERS, {}))
        return {"audio_rate": rate, "audio_seconds": seconds}
    return {}


def _split(content: TableSource | FileSource | MaskSource | BoxSource, task: str) -> dict[str, Any]:
    if content.is_test is not None:
        return {"method": "given"}
    if TASKS[task].in_order:
        return {"method": "ordered"}
    return {"method": "stratified" if task in ("classification", "ordinal") else "random"}


def _input_settings(content: TableSource, roles: Mapping[str, str]) -> dict[str, Any]:
    sides = {"image_height": AUTO, "image_width": AUTO} if "image" in roles.values() else {}
    return {**sides, **_text_settings(content, roles)}


def _text_settings(content: TableSource, roles: Mapping[str, str]) -> dict[str, Any]:
    column = next((name for name, role in roles.items() if role == "text"), None)
    if column is None:
        return {}
    maximum = next(item.default for item in PREPROCESSING_PARAMETERS if item.name == "vocabulary_size")
    texts = content.frame[column]
    size = len(build_vocabulary([texts], maximum))
    return {"vocabulary_size": max(size, 10), "sequence_length": proposed_length([texts])}


def _profile_files(recipe: DataRecipe, content: FileSource) -> dict[str, Any]:
    problems = list(content.problems)
    parts = None
    try:
        check_class_recipe(recipe, content)
        rows = np.arange(len(content.labels))
        split, warnings = split_files(recipe.split_settings(), content, rows, recipe.task)
        problems += warnings
        parts = {part: len(rows) for part, rows in split.items()}
    except BuilderError as error:
        problems += error.problems
    balance = _file_balance(recipe.task, content)
    examples, broken = _file_examples(content)
    sizes, told = _sizes(content)
    return {
        "kind": kind_of(content),
        "rows": len(content.labels),
        "parts": parts,
        "class_balance": balance,
        "columns": None,
        "split_columns": name_columns(content.names),
        **sizes,
        "examples": examples,
        "problems": [*problems, *told, *broken],
    }


def _file_balance(task: str, content: FileSource) -> dict[str, int]:
    counts = np.bincount(content.labels, minlength=len(content.class_names))
    if task != "multi_label":
        return dict(zip(content.class_names, counts.tolist(), strict=True))
    lists, names = label_names(content.class_names, content.class_names)
    several = multi_hot(lists, names).T @ counts
    return dict(zip(names, several.astype(int).tolist(), strict=True))


def _sizes(content: FileSource) -> tuple[dict[str, Any], list[Problem]]:
    """Return how large the samples are, and what is wrong with those that were looked at for it."""
    if isinstance(content, ImageSource):
        found, told = picture_sizes(content.title, content)
        return {"image_sizes": found}, told
    if isinstance(content, AudioSource):
        heard = listen_to(content)
        seconds = [recording.seconds for recording in heard]
        lengths = {"shortest": min(seconds, default=None), "longest": max(seconds, default=None)}
        return {"audio_lengths": lengths, "audio_rates": sorted({item.rate for item in heard})}, []
    return {"series_shape": list(content.shape)}, []


def _file_examples(content: FileSource) -> tuple[list[dict[str, Any]], list[Problem]]:
    examples, problems = [], []
    for row in _rows_of_every_class(content.labels):
        try:
            shown = _shown(content, row)
        except BrokenFile as error:
            message = f"{content.names[row]} cannot be read: {error}. It will be left out."
            code = "images_skipped" if isinstance(content, ImageSource) else "files_skipped"
            problems.append(Problem(code, message, field="source", severity="warning"))
            continue
        label = content.class_names[int(content.labels[row])]
        examples.append({**shown, "label": label})
    return examples, problems


def _shown(content: FileSource, row: int) -> dict[str, Any]:
    if isinstance(content, ImageSource):
        return {"image": picture_address(content.read(row))}
    if isinstance(content, AudioSource):
        recording = content.read(row)
        return {
            "sound": sound_address(recording),
            "outline": outline(recording.samples[:, np.newaxis])[0],
            "seconds": round(recording.seconds, 3),
            "rate": recording.rate,
        }
    return {"lines": outline(content.read(row))}


def _rows_of_every_class(labels: np.ndarray) -> list[int]:
    """Return one row of each class in turn, then second ones, until there are enough."""
    ordered = np.argsort(labels, kind="stable")
    position = np.empty(len(labels), dtype=np.int64)
    starts = np.searchsorted(labels[ordered], labels[ordered])
    position[ordered] = np.arange(len(labels)) - starts
    return np.lexsort((labels, position))[:EXAMPLES].tolist()


def _profile_table(recipe: DataRecipe, content: TableSource) -> dict[str, Any]:
    facts = table_facts(content.frame, content.decimal_comma)
    roles = dict(recipe.roles) or propose_roles(facts, content.roles)
    problems, parts, balance = _table_parts(recipe, content, facts)
    return {
        "kind": _table_kind(roles),
        "rows": content.row_count,
        "parts": parts,
        "class_balance": balance,
        "columns": [
            _column(content.frame[name], item, roles.get(name, "ignore")) for name, item in facts.items()
        ],
        "split_columns": list(content.frame.columns),
        "examples": _table_examples(content.frame, facts),
        "problems": problems,
    }


def _table_parts(
    recipe: DataRecipe, content: TableSource, facts: Mapping[str, ColumnFacts]
) -> tuple[list[Problem], dict[str, int] | None, dict[str, int] | None]:
    """Return what is wrong with a table, the rows of its parts and of its classes, where it has them."""
    if recipe.task == "text_to_text":
        return *_pair_parts(recipe, content), None
    if recipe.task in TASKS and (TASKS[recipe.task].in_order or recipe.task == "generation"):
        return list(content.problems), None, None
    alike = constant_problems(content.frame, facts)
    try:
        table = used_table(recipe, content, facts)
    except BuilderError as error:
        return [*content.problems, *alike, *error.problems], None, None
    # The table's own list begins with what reading the file found.
    problems, targets = [*table.problems, *alike], table.targets
    is_text = TASKS[recipe.task].free_steps
    balance = None if is_text else _balance(targets.values, targets.class_names)
    try:
        settings = recipe.split_settings()
        groups, times = split_values(settings, table.frame.get)
        split = table_parts(recipe, targets, table.is_test, groups, times)
    except BuilderError as error:
        return [*problems, *error.problems], None, balance
    problems += split_problems(settings, split, len(table.frame))
    return problems, {part: len(rows) for part, rows in split.items()}, balance


def _pair_parts(recipe: DataRecipe, content: TableSource) -> tuple[list[Problem], dict[str, int] | None]:
    try:
        columns = pair_columns(recipe, content)
        is_whole = (content.frame[[columns.text, columns.target]] != "").all(axis=1).to_numpy()
        settings, frame = recipe.split_settings(), content.frame[is_whole]
        is_test = None if content.is_test is None else content.is_test[is_whole]
        groups, times = split_values(settings, frame.get)
        split = split_rows(settings, len(frame), None, is_test=is_test, groups=groups, times=times)
    except BuilderError as error:
        return [*content.problems, *error.problems], None
    problems = [*content.problems, *split_problems(settings, split, len(frame))]
    return problems, {part: len(rows) for part, rows in split.items()}


def _table_kind(roles: Mapping[str, str]) -> str:
    used = {role for role in roles.values() if role not in ("ignore", "prefix", "target", *FURTHER_ROLES)}
    return "text" if used == {"text"} else "table"


def _balance(values: np.ndarray, class_names: tuple[str, ...]) -> dict[str, int] | None:
    if not class_names:
        return None
    several = values.ndim > 1
    counts = values.sum(axis=0).astype(int) if several else np.bincount(values, minlength=len(class_names))
    return dict(zip(class_names, counts.tolist(), strict=True))


def _column(cells: pd.Series, item: ColumnFacts, role: str) -> dict[str, Any]:
    present = cells[~item.missing]
    numbers = item.numbers[np.isfinite(item.numbers)] if item.type == "number" else np.empty(0)
    top = [] if item.type == "text" else present.value_counts().head(_TOP_VALUES).items()
    return {
        "name": item.name,
        "type": item.type,
        "role": role,
        "missing": int(item.missing.sum()),
        "distinct": item.distinct,
        "minimum": float(numbers.min()) if len(numbers) else None,
        "maximum": float(numbers.max()) if len(numbers) else None,
        "mean": float(numbers.mean()) if len(numbers) else None,
        "top_values": [{"value": str(value), "count": int(count)} for value, count in top],
        "examples": [_short(value) for value in present.drop_duplicates().head(5)],
        "histogram": _histogram(numbers),
    }


def _histogram(numbers: np.ndarray) -> dict[str, list[float]] | None:
    if not len(numbers):
        return None
    edges = np.linspace(numbers.min(), numbers.max(), _HISTOGRAM_BINS + 1)
    # Between numbers that are equal, or differ by their rounding alone, there is no room for bins.
    if not (np.diff(edges) > 0).all():
        return None
    counts, edges = np.histogram(numbers, bins=_HISTOGRAM_BINS)
    return {"counts": counts.tolist(), "edges": edges.tolist()}


def _table_examples(frame: pd.DataFrame, facts: Mapping[str, ColumnFacts]) -> list[dict[str, Any]]:
    return [
        {name: _example(frame[name].iloc[row], facts[name], row) for name in frame.columns}
        for row in spread(len(frame), EXAMPLES)
    ]


def _example(cell: str, item: ColumnFacts, row: int) -> Any:
    if item.missing[row]:
        return None
    number = float(item.numbers[row])
    return number if item.type == "number" and np.isfinite(number) else _short(cell)


def _short(text: str) -> str:
    return text if len(text) <= _EXAMPLE_CHARACTERS else text[: _EXAMPLE_CHARACTERS - 1] + "…"
