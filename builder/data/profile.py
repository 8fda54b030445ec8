"""What is known of a source before anything is prepared: counts, columns, examples, problems, a proposal."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from builder.data.columns import ColumnFacts, propose_roles, propose_task, table_facts
from builder.data.images import BrokenImage, ImageSource, to_array
from builder.data.prepare_images import check_image_recipe, image_size, look_at
from builder.data.prepare_table import used_table
from builder.data.sources import open_source
from builder.data.splits import split_rows
from builder.data.tables import TableSource
from builder.data.text import build_vocabulary, proposed_length
from builder.errors import BuilderError, Problem
from builder.params import AUTO, Parameter, with_defaults
from builder.project import PREPROCESSING_PARAMETERS, SPLIT_PARAMETERS, DataRecipe

EXAMPLES = 12
_EXAMPLE_SIDE = 96
_EXAMPLE_CHARACTERS = 400
_TOP_VALUES = 8
_HISTOGRAM_BINS = 20


def propose(source: Mapping[str, Any]) -> DataRecipe:
    """Return a recipe that suits a source: task, roles, preprocessing and split.

    Raises:
        BuilderError: where the source cannot be read.
    """
    content = open_source(source)
    if isinstance(content, ImageSource):
        return _propose_images(source, content)
    facts = table_facts(content.frame, content.decimal_comma)
    roles = propose_roles(facts, content.roles)
    target = next(name for name, role in roles.items() if role == "target")
    task = propose_task(facts[target])
    return DataRecipe(
        source=dict(source),
        task=task,
        roles=roles,
        preprocessing=_text_settings(content, roles),
        split=_split(content, task),
    )


def profile(recipe: DataRecipe) -> dict[str, Any]:
    """Return as JSON-ready data what is known of a recipe's data.

    The keys: ``title``, ``kind`` (image, text, table), ``rows``, ``task``, ``parts`` (rows of each part, or
    None where the split fails), ``class_balance`` ({class: rows}; None for regression), ``columns``
    (of a table: name, type, role, missing, distinct, minimum, maximum, mean, top_values, examples,
    histogram), ``examples`` (rows of a table; ``{"image": PNG data address, "label"}`` of pictures)
    and ``problems``, where everything stands that is wrong with the recipe over these data.

    Raises:
        BuilderError: where the source cannot be read at all.
    """
    content = open_source(recipe.source)
    sound = _with_sound_settings(recipe)
    if isinstance(content, ImageSource):
        found = _profile_images(sound, content)
    else:
        found = _profile_table(sound, content)
    problems = [*recipe.check(), *found.pop("problems")]
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
    )


def _sound(parameters: Sequence[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    names = {item.name for item in parameters if item.name in values and item.check(values[item.name], "")}
    return {name: value for name, value in values.items() if name not in names}


def _propose_images(source: Mapping[str, Any], content: ImageSource) -> DataRecipe:
    automatic = {"image_height": AUTO, "image_width": AUTO, "color_mode": AUTO}
    size = image_size(content, with_defaults(PREPROCESSING_PARAMETERS, automatic))
    return DataRecipe(
        source=dict(source),
        task="classification",
        preprocessing={
            "image_height": size.height,
            "image_width": size.width,
            "color_mode": "rgb" if size.channels == 3 else "grayscale",
        },
        split=_split(content, "classification"),
    )


def _split(content: TableSource | ImageSource, task: str) -> dict[str, Any]:
    if content.is_test is not None:
        return {"method": "given"}
    return {"method": "stratified" if task == "classification" else "random"}


def _text_settings(content: TableSource, roles: Mapping[str, str]) -> dict[str, Any]:
    column = next((name for name, role in roles.items() if role == "text"), None)
    if column is None:
        return {}
    maximum = next(item.default for item in PREPROCESSING_PARAMETERS if item.name == "vocabulary_size")
    texts = content.frame[column]
    size = len(build_vocabulary(texts, maximum))
    return {"vocabulary_size": max(size, 10), "sequence_length": proposed_length(texts)}


def _profile_images(recipe: DataRecipe, content: ImageSource) -> dict[str, Any]:
    problems = list(content.problems)
    parts = None
    try:
        check_image_recipe(recipe, content)
        split = split_rows(
            recipe.split_settings(), len(content.labels), content.labels, content.class_names, content.is_test
        )
        parts = {part: len(rows) for part, rows in split.items()}
    except BuilderError as error:
        problems += error.problems
    counts = np.bincount(content.labels, minlength=len(content.class_names)).tolist()
    examples, broken = _image_examples(content)
    sizes = [[image.height, image.width] for image in look_at(content)]
    return {
        "kind": "image",
        "rows": len(content.labels),
        "parts": parts,
        "class_balance": dict(zip(content.class_names, counts, strict=True)),
        "columns": None,
        "image_sizes": {"smallest": min(sizes, default=None), "largest": max(sizes, default=None)},
        "examples": examples,
        "problems": [*problems, *broken],
    }


def _image_examples(content: ImageSource) -> tuple[list[dict[str, str]], list[Problem]]:
    examples, problems = [], []
    for row in _rows_of_every_class(content.labels):
        try:
            image = content.read(row)
        except BrokenImage as error:
            message = f"The picture {content.names[row]} cannot be read: {error}. It will be left out."
            problems.append(Problem("images_skipped", message, field="source", severity="warning"))
            continue
        label = content.class_names[int(content.labels[row])]
        examples.append({"image": _data_address(image), "label": label})
    return examples, problems


def _rows_of_every_class(labels: np.ndarray) -> list[int]:
    """Return one row of each class in turn, then second ones, until there are enough."""
    ordered = np.argsort(labels, kind="stable")
    position = np.empty(len(labels), dtype=np.int64)
    starts = np.searchsorted(labels[ordered], labels[ordered])
    position[ordered] = np.arange(len(labels)) - starts
    return np.lexsort((labels, position))[:EXAMPLES].tolist()


def _data_address(image: Image.Image) -> str:
    shrink = min(1.0, _EXAMPLE_SIDE / max(image.size))
    height, width = max(1, round(image.height * shrink)), max(1, round(image.width * shrink))
    stream = io.BytesIO()
    Image.fromarray(to_array(image, height, width, 3)).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def _profile_table(recipe: DataRecipe, content: TableSource) -> dict[str, Any]:
    facts = table_facts(content.frame, content.decimal_comma)
    roles = dict(recipe.roles) or propose_roles(facts, content.roles)
    problems, parts, balance = list(content.problems), None, None
    try:
        table = used_table(recipe, content, facts, content.roles)
        # The table's own list begins with what reading the file found.
        problems = list(table.problems)
        targets = table.targets
        balance = _balance(targets.values, targets.class_names)
        split = split_rows(
            recipe.split_settings(), len(table.frame), targets.classes, targets.class_names, table.is_test
        )
        parts = {part: len(rows) for part, rows in split.items()}
    except BuilderError as error:
        problems += error.problems
    return {
        "kind": _table_kind(roles),
        "rows": len(content.frame),
        "parts": parts,
        "class_balance": balance,
        "columns": [
            _column(content.frame[name], item, roles.get(name, "ignore")) for name, item in facts.items()
        ],
        "examples": _table_examples(content.frame, facts),
        "problems": problems,
    }


def _table_kind(roles: Mapping[str, str]) -> str:
    used = {role for role in roles.values() if role not in ("ignore", "target")}
    return "text" if used == {"text"} else "table"


def _balance(values: np.ndarray, class_names: tuple[str, ...]) -> dict[str, int] | None:
    if not class_names:
        return None
    return dict(zip(class_names, np.bincount(values, minlength=len(class_names)).tolist(), strict=True))


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
    if not len(numbers) or numbers.min() == numbers.max():
        return None
    counts, edges = np.histogram(numbers, bins=_HISTOGRAM_BINS)
    return {"counts": counts.tolist(), "edges": edges.tolist()}


def _table_examples(frame: pd.DataFrame, facts: Mapping[str, ColumnFacts]) -> list[dict[str, Any]]:
    rows = np.unique(np.linspace(0, len(frame) - 1, EXAMPLES).astype(int)).tolist()
    return [
        {name: _example(frame[name].iloc[row], facts[name], row) for name in frame.columns} for row in rows
    ]


def _example(cell: str, item: ColumnFacts, row: int) -> Any:
    if item.missing[row]:
        return None
    number = float(item.numbers[row])
    return number if item.type == "number" and np.isfinite(number) else _short(cell)


def _short(text: str) -> str:
    return text if len(text) <= _EXAMPLE_CHARACTERS else text[: _EXAMPLE_CHARACTERS - 1] + "…"
