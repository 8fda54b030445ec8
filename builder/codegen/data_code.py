"""The part of a script that reads the data, and the files that lie beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

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
from builder.codegen.picture_code import picture_files, read_arrays
from builder.codegen.script_parts import Part
from builder.codegen.sound_code import sound_files
from builder.codegen.table_code import TableCode, table_files
from builder.codegen.text_code import tokenizer_files
from builder.data.spec import DataSpec
from builder.project import DataRecipe


def data_part(recipe: DataRecipe, spec: DataSpec, beside: Beside) -> Part:
    """Return the part that reads the data exactly as they were prepared, in the same order.

    Args:
        recipe: where the data come from.
        spec: the description of the prepared data.
        beside: code for the path of a file that lies beside the script.

    Raises:
        BuilderError: ``not_code`` for a source or an input that no script can read.
    """
    given = loaded(recipe)
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
    if not kinds <= {"image", "audio", "text", "table"}:
        raise not_code(f"inputs of the kind {', '.join(sorted(kinds))}")
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
