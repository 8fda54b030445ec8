"""The part of a script that reads the data, and the files that lie beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from builder.codegen.augmentation_code import augmentation_part
from builder.codegen.box_code import read_boxes
from builder.codegen.folder_code import read_folders
from builder.codegen.layout import constant
from builder.codegen.loading import (
    LABEL_SETS_FILE,
    Beside,
    Loaded,
    Reading,
    kinds_of,
    loaded,
    not_code,
    sample_facts,
)
from builder.codegen.mask_code import read_masks
from builder.codegen.masked_code import masked_parts
from builder.codegen.pair_code import read_pairs
from builder.codegen.picture_code import picture_files, read_arrays
from builder.codegen.script_parts import Part
from builder.codegen.sound_code import sound_files
from builder.codegen.split_code import is_resampled, split_part
from builder.codegen.table_code import TableCode, table_files
from builder.codegen.tag_code import read_tagged
from builder.codegen.text_code import tokenizer_files
from builder.codegen.window_code import forecast_parts, language_parts, text_words
from builder.data.spec import TARGET_TEXT, DataSpec
from builder.project import DataRecipe


def data_parts(recipe: DataRecipe, spec: DataSpec, beside: Beside, settings: Mapping[str, Any]) -> list[Part]:
    """Return the parts that read the data exactly as they were prepared, in the same order, and split them.

    Args:
        recipe: where the data come from.
        spec: the description of the prepared data.
        beside: code for the path of a file that lies beside the script.
        settings: the training settings, defaults filled in.

    Raises:
        BuilderError: ``not_code`` for a source, an input or a split that no script can follow.
    """
    if spec.task in ("forecasting", "generation") and spec.windows:
        return forecast_parts(recipe, spec)
    if spec.task == "language_model":
        return language_parts(recipe, spec, beside)
    if spec.task == "masked_language_model":
        return masked_parts(recipe, spec, beside)
    given = loaded(recipe)
    changes = augmentation_part(recipe.augmentation_settings(), spec, is_resampled(settings, spec))
    return [
        _data_part(recipe, spec, beside, given),
        split_part(recipe.split_settings(), settings, spec, given, changes is not None),
        *([changes] if changes else []),
    ]


def _data_part(recipe: DataRecipe, spec: DataSpec, beside: Beside, given: Loaded) -> Part:
    reading = _reading(recipe, spec, given, beside)
    names = constant("CLASS_NAMES", list(spec.class_names)) if spec.class_names else []
    return Part(
        "The data",
        f"The script reads {data_words(recipe, spec)}.",
        imports=("import numpy as np", *reading.imports),
        constants=(*names, *reading.constants),
        definitions=tuple(dict.fromkeys(reading.definitions)),
        steps=(f"{given.variables} = load_data(path)",),
    )


def _reading(recipe: DataRecipe, spec: DataSpec, given: Loaded, beside: Beside) -> Reading:
    kinds, first = kinds_of(spec), spec.inputs[0]
    if not kinds <= {"image", "audio", "text", "table", TARGET_TEXT}:
        raise not_code(f"inputs of the kind {', '.join(sorted(kinds))}")
    if spec.task == "token_classification":
        return read_tagged(spec, beside)
    if spec.task == "text_to_text":
        return read_pairs(recipe, spec, given, beside)
    if spec.task == "segmentation":
        return read_masks(recipe, spec, given)
    if spec.task == "detection":
        return read_boxes(recipe, spec, given)
    if not _is_of_files(spec):
        return TableCode(recipe, spec, given, beside).reading()
    if sample_facts(recipe).get("format") == "arrays":
        return read_arrays(recipe, spec, given, beside)
    kind = picture_files(first) if first.kind == "image" else sound_files(first)
    return read_folders(recipe, spec, given, kind)


def _is_of_files(spec: DataSpec) -> bool:
    """Tell whether the samples are pictures or recordings that no table names."""
    first, *others = spec.inputs
    return first.kind in ("image", "audio") and not others and "file_column" not in first.settings


def data_words(recipe: DataRecipe, spec: DataSpec) -> str:
    """Return what a script takes as its data, in words."""
    facts = sample_facts(recipe)
    if spec.windows and "horizon" in spec.windows:
        return "a CSV file whose rows are moments in time"
    if spec.task in _WORDS:
        return _WORDS[spec.task]
    if spec.task in ("language_model", "masked_language_model"):
        return text_words(recipe)
    if facts.get("format") == "arrays":
        return f"an .npz archive with x_train, y_train, x_test and y_test, such as {facts['file']}"
    if _is_of_files(spec):
        many = "pictures" if spec.inputs[0].kind == "image" else "recordings"
        return f"a folder or a zip with one folder of {many} for each class"
    if any("file_column" in item.settings for item in spec.inputs):
        return "a folder or a zip with a CSV file and the files that its cells name"
    if "test_file" in facts:
        return f"a folder that holds {facts['file']} and {facts['test_file']}"
    return "a CSV file"


_WORDS = {
    "segmentation": "a folder or a zip with pictures in 'images' and their masks in 'masks'",
    "detection": "a folder or a zip with pictures and a table (CSV) of the boxes on them",
    "token_classification": "a CoNLL file, a word and its tag a line",
}


def data_file(recipe: DataRecipe) -> str:
    """Return the name of the file, or the folder, that holds the data."""
    facts = sample_facts(recipe)
    if "test_file" in facts:
        return "."
    return str(facts["file"]) if facts else Path(str(recipe.source.get("path"))).name


_FILES: dict[str, Callable[..., dict[str, str]]] = {"text": tokenizer_files, "table": table_files}


def companions(recipe: DataRecipe, spec: DataSpec) -> dict[str, str]:
    """Return the files that a script reads from beside itself, as name and text."""
    files: dict[str, str] = {}
    for item in spec.inputs:
        files |= _FILES[item.kind](item) if item.kind in _FILES else {}
    facts = sample_facts(recipe)
    if spec.predicts_labels and facts.get("format") == "arrays":
        files[LABEL_SETS_FILE] = "\n".join(facts["class_names"])
    return files
