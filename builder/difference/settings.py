"""The changes from one recipe of settings to another: data, training, and what a project says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from builder.augmentation_parameters import AUGMENTATION_PARAMETERS
from builder.compression_parameters import RECIPES
from builder.difference.changes import Change, became
from builder.params import Parameter, with_defaults
from builder.project import PREPROCESSING_PARAMETERS, SPLIT_PARAMETERS, TRAINING_PARAMETERS, Project

SOURCE_WORDS = ("name", "path", "kind")


def settings_changes(before: Project, after: Project) -> Iterator[Change]:
    """Yield the changes of data, training, name and description; a default that is written out is none."""
    yield from _data_changes(before, after)
    yield from _table_changes("training", "", TRAINING_PARAMETERS, before.training, after.training)
    yield from _compression_changes(before.compression, after.compression)
    for field in ("name", "description", "reference"):
        values = getattr(before, field), getattr(after, field)
        if values[0] != values[1]:
            words = f"{field} {became(*values)}" if field == "name" else f"changed the {field}"
            yield Change("project", words, None, field, *values, cosmetic=True)


def _data_changes(before: Project, after: Project) -> Iterator[Change]:
    old, new = before.data, after.data
    if dict(old.source) != dict(new.source):
        values = _source_words(old.source), _source_words(new.source)
        yield Change("data", f"data {became(*values)}", None, "source", dict(old.source), dict(new.source))
    if old.task != new.task:
        yield Change("data", f"task {became(old.task, new.task)}", None, "task", old.task, new.task)
    for column in sorted({*old.roles, *new.roles}):
        roles = old.roles.get(column), new.roles.get(column)
        if roles[0] != roles[1]:
            yield Change("data", f"role of column '{column}' {became(*roles)}", None, column, *roles)
    yield from _table_changes(
        "data", "preprocessing", PREPROCESSING_PARAMETERS, old.preprocessing, new.preprocessing
    )
    yield from _table_changes("data", "split", SPLIT_PARAMETERS, old.split, new.split)
    yield from _table_changes(
        "data", "augmentation", AUGMENTATION_PARAMETERS, old.augmentation, new.augmentation
    )


def _compression_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for part in ("recipe", "run"):
        values = old.get(part, "none"), new.get(part, "none")
        if values[0] != values[1]:
            yield Change("training", f"compression: {part} {became(*values)}", None, part, *values)
    recipe = RECIPES.get(str(new.get("recipe", old.get("recipe"))))
    declared = recipe.parameters if recipe else ()
    settings = [each.get("settings") or {} for each in (old, new)]
    if old.get("recipe") == new.get("recipe"):
        yield from _table_changes("training", "compression", declared, *settings)


def _table_changes(
    what: str,
    section: str,
    declared: tuple[Parameter, ...],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> Iterator[Change]:
    labels = {parameter.name: str(parameter.to_json()["label"]).lower() for parameter in declared}
    # Unknown names are kept, too: a newer part of the studio may know them.
    one = {**with_defaults(declared, before), **before}
    other = {**with_defaults(declared, after), **after}
    for name in sorted({*one, *other}):
        values = one.get(name), other.get(name)
        if values[0] != values[1]:
            label = labels.get(name, name)
            words = f"{section}: {label}" if section else label
            yield Change(what, f"{words} {became(*values)}", None, name, *values)


def _source_words(source: Mapping[str, Any]) -> str:
    found = next((str(source[word]) for word in SOURCE_WORDS if source.get(word)), "none")
    return found.replace("\\", "/").rsplit("/", 1)[-1]
