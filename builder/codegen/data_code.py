"""The part of a script that reads the data, and the files that lie beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.codegen.layout import constant, formatted, literal, source
from builder.codegen.script_parts import Part
from builder.data.columns import looks_like_number, parsed_numbers
from builder.data.images import EXTENSIONS
from builder.data.pixels import flattened, to_array
from builder.data.sources import sample
from builder.data.spec import DataSpec, ModelInput
from builder.data.table_codes import MISSING
from builder.errors import stop
from builder.project import DataRecipe

VOCABULARY_FILE = "vocabulary.txt"
COLUMNS_FILE = "columns.json"
GIVEN = "given"
# From the name of a file beside the script to the code of its path.
Beside = Callable[[str], str]

_ARRAYS = '''\
def load_data(path):
    """Return the pictures of an .npz archive and their class numbers{also}."""
    with np.load(path) as archive:
        images = np.concatenate([archive["x_train"], archive["x_test"]])
        targets = np.concatenate([archive["y_train"], archive["y_test"]]).astype("int32")
    images = np.stack([to_array(Image.fromarray(image), *IMAGE_SHAPE) for image in images])
{end}'''
_ARRAYS_TEST = """\
    is_test = np.arange(len(targets)) >= len(targets) - test_rows
"""

_READ_PICTURES = '''\
def is_picture(name):
    """Tell whether a file of this name is a picture that is meant to be seen."""
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
    return name.lower().endswith(PICTURES) and not hidden


def read_pictures(path):
    """Yield the name and the bytes of every picture in a folder or a zip, in order."""
    if path.is_file():
        with zipfile.ZipFile(path) as archive:
            yield from ((name, archive.read(name)) for name in sorted(archive.namelist()) if is_picture(name))
        return
    for file in sorted(path.rglob("*"), key=lambda file: (file.parent.parts, file.name)):
        name = file.relative_to(path).as_posix()
        if is_picture(name) and not file.is_symlink():
            yield name, file.read_bytes()'''

_CLASS_OF = '''\
def class_of(name):
    """Return the class of a picture: the longest end of its folder's path that names one."""
    folders = name.split("/")[:-1]
    ends = ["/".join(folders[start:]) for start in range(len(folders))]
    return next(end for end in ends if end in CLASS_NAMES)'''

_FOLDERS = '''\
def load_data(path):
    """Return the pictures of a folder or zip with a folder for each class, and their class numbers{also}."""
    images, kept = [], []
    for name, content in read_pictures(path):
        try:
            image = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
            images.append(to_array(image, *IMAGE_SHAPE))
        except (OSError, SyntaxError, ValueError) as error:
            print(f"{{name}} is left out: {{error}}")
        else:
            kept.append(name)
    targets = np.array([CLASS_NAMES.index(class_of(name)) for name in kept], dtype="int32")
    images = np.stack(images)
{end}'''

_FOLDERS_TEST = """\
    is_test = np.array([bool({"test", "testing"} & set(name.lower().split("/")[:-2])) for name in kept])
"""


@dataclass(frozen=True)
class _Given:
    """What a script returns besides arrays and targets, where the source names test rows of its own."""

    wanted: bool

    @property
    def words(self) -> str:
        return ", and which are test rows" if self.wanted else ""

    def values(self, first: str) -> str:
        return f"{first}, targets, is_test" if self.wanted else f"{first}, targets"


def data_part(recipe: DataRecipe, spec: DataSpec, beside: Beside) -> Part:
    """Return the part that reads the data exactly as they were prepared, in the same order.

    Args:
        recipe: where the data come from.
        spec: the description of the prepared data.
        beside: code for the path of a file that lies beside the script.

    Raises:
        BuilderError: ``not_code`` for a source or an input that no script can read.
    """
    given = _Given(recipe.split_settings()["method"] == GIVEN)
    kinds = {item.kind for item in spec.inputs}
    if not kinds <= {"image", "text", "table"}:
        raise not_code(f"inputs of the kind {', '.join(sorted(kinds))}")
    read = _pictures if kinds == {"image"} else _table
    imports, definitions, constants = read(recipe, spec, given)
    for item in spec.inputs:
        constants += _input_constants(item, beside)
    if any(item.kind != "image" for item in spec.inputs):
        imports += ["from pathlib import Path"]
    return Part(
        "The data",
        f"The script reads {data_words(recipe, spec)}.",
        imports=("import numpy as np", *imports),
        constants=tuple([*_target_constants(spec), *constants]),
        definitions=tuple(definitions),
        steps=(f"{given.values('arrays')} = load_data(path)",),
    )


def data_words(recipe: DataRecipe, spec: DataSpec) -> str:
    """Return what a script takes as its data, in words."""
    facts = _sample_facts(recipe)
    if facts.get("format") == "arrays":
        return f"an .npz archive with x_train, y_train, x_test and y_test, such as {facts['file']}"
    if all(item.kind == "image" for item in spec.inputs):
        return "a folder or a zip with one folder of pictures for each class"
    if "test_file" in facts:
        return f"a folder that holds {facts['file']} and {facts['test_file']}"
    return "a CSV file"


def data_file(recipe: DataRecipe) -> str:
    """Return the name of the file, or the folder, that holds the data."""
    facts = _sample_facts(recipe)
    if "test_file" in facts:
        return "."
    return str(facts["file"]) if facts else Path(str(recipe.source.get("path"))).name


def companions(spec: DataSpec) -> dict[str, str]:
    """Return the files that a script reads from beside itself, as name and text."""
    files = {}
    for item in spec.inputs:
        if item.kind == "text":
            files[VOCABULARY_FILE] = "\n".join(item.settings["vocabulary"])
        elif item.kind == "table":
            files[COLUMNS_FILE] = json.dumps(dict(item.settings), indent=1, ensure_ascii=False) + "\n"
    return files


def not_code(what: str) -> Exception:
    """Return the error for something that a script cannot do yet."""
    message = (
        f"The project uses {what}, which cannot be written as a script yet. Export the model as a .keras "
        "file instead, or choose something else on the Data page."
    )
    return stop("not_code", message, field="source")


def _sample_facts(recipe: DataRecipe) -> dict[str, Any]:
    if recipe.source.get("kind") != "sample":
        return {}
    return dict(sample(recipe.source.get("name")).data)


def _target_constants(spec: DataSpec) -> list[str]:
    lines = constant("CLASS_NAMES", list(spec.class_names)) if spec.class_names else []
    if all(item.kind != "image" for item in spec.inputs):
        lines.append(f"TARGET = {literal(spec.target_name)}")
    return lines


def _input_constants(item: ModelInput, beside: Beside) -> list[str]:
    if item.kind == "image":
        return [f"IMAGE_SHAPE = {literal(item.arrays[0].shape)}"]
    if item.kind == "text":
        return [
            f"TEXT_COLUMN = {literal(item.settings['column'])}",
            f"SEQUENCE_LENGTH = {item.settings['sequence_length']}",
            "# One word a line; the first is the padding, the second stands for unknown words.",
            f'VOCABULARY = {beside(VOCABULARY_FILE)}.read_text("utf-8").split("\\n")',
        ]
    return [f'COLUMNS = json.loads({beside(COLUMNS_FILE)}.read_text("utf-8"))']


_Read = tuple[list[str], list[str], list[str]]


def _pictures(recipe: DataRecipe, spec: DataSpec, given: _Given) -> _Read:
    carried = [source(flattened), source(to_array)]
    end = f"    return {given.values(chr(123) + chr(34) + 'image' + chr(34) + ': images' + chr(125))}"
    if _sample_facts(recipe).get("format") == "arrays":
        code = _ARRAYS.format(also=given.words, end=(_ARRAYS_TEST if given.wanted else "") + end)
        if given.wanted:
            count = '        test_rows = len(archive["y_test"])\n'
            code = code.replace("    images = np.stack", count + "    images = np.stack", 1)
        return ["from PIL import Image"], [*carried, code], []
    code = _FOLDERS.format(also=given.words, end=(_FOLDERS_TEST if given.wanted else "") + end)
    imports = ["import io", "import zipfile", "from PIL import Image, ImageOps"]
    return imports, [*carried, _READ_PICTURES, _CLASS_OF, code], constant("PICTURES", EXTENSIONS)


def _table(recipe: DataRecipe, spec: DataSpec, given: _Given) -> _Read:
    kinds = {item.kind: item for item in spec.inputs}
    imports = ["import csv", "import gzip", "import pandas as pd"]
    facts = _sample_facts(recipe)
    files = [facts["file"], facts["test_file"]] if "test_file" in facts else []
    names = [array.name for array in kinds["table"].arrays] if "table" in kinds else []
    has_numbers = "numeric" in names or spec.task == "regression" or _has_number_classes(spec)
    definitions = [_read_table_source(spec), *([source(parsed_numbers)] if has_numbers else [])]
    if _has_number_classes(spec):
        definitions.append(_CLASS_WORDS.replace("{decimal}", _decimal(spec)))
    definitions.append("\n".join(_load_table(spec, kinds, names, files, given)))
    if "table" in kinds:
        imports.append("import json")
    if "text" in kinds:
        imports.append("from keras import layers")
    constants = constant("MISSING", MISSING) if spec.task == "classification" else []
    return imports, definitions, constants


_CLASS_WORDS = '''\
def class_words(cells):
    """Return the classes as texts: whole numbers written alike, so that 1 and 1.0 are one class."""
    pairs = zip(cells, parsed_numbers(cells{decimal}), strict=True)
    return [f"{number:.0f}" if number == np.round(number) else cell for cell, number in pairs]'''


def _has_number_classes(spec: DataSpec) -> bool:
    return bool(spec.class_names) and all(looks_like_number(name) for name in spec.class_names)


def _decimal(spec: DataSpec) -> str:
    return ", decimal_comma=True" if spec.reading.get("decimal") == "," else ""


def _read_table_source(spec: DataSpec) -> str:
    """Return the source of ``read_table``, which leaves out the rows that the studio leaves out."""
    reading = spec.reading
    options = {"delimiter": reading.get("sep"), "quoting": reading.get("quoting")}
    items = ["stream", *(f"{key}={literal(value)}" for key, value in options.items() if value is not None)]
    encoding = reading.get("encoding", "utf-8-sig")
    has_header = reading.get("header", 0) is not None
    lines = [
        "def read_table(path):",
        '    """Return the rows of a CSV file, each cell as text; rows of another length are left out."""',
        '    opened = gzip.open if path.suffix == ".gz" else open',
        *formatted(
            "    ",
            f'with opened(path, "rt", encoding={literal(encoding)}, errors="replace", newline="") as stream',
            ":",
        ),
        f"        rows = [[cell.strip() for cell in row] for row in csv.reader({', '.join(items)}) if row]",
    ]
    if "names" in reading:
        lines += formatted("    ", f"names = {literal(list(reading['names']))}")
        lines += ["    rows = rows[1:]"] if has_header else []
    else:
        lines.append("    names, *rows = rows")
    lines += [
        "    good = [row for row in rows if len(row) == len(names)]",
        '    return pd.DataFrame(good, columns=names, dtype="str")',
    ]
    return "\n".join(lines)


def _load_table(
    spec: DataSpec, kinds: dict[str, ModelInput], names: list[str], files: list[str], given: _Given
) -> list[str]:
    decimal = _decimal(spec)
    words = f"Return the arrays of a table's columns by name, and its targets{given.words}."
    lines = ["def load_data(path):", f'    """{words}"""']
    if files:
        lines.append(f"    tables = [read_table(path / name) for name in {literal(tuple(files))}]")
        lines.append("    table = pd.concat(tables, ignore_index=True)")
    else:
        lines.append("    table = read_table(path)")
    if given.wanted:
        assert files, "only sources of two files name test rows"
        lines.append("    is_test = np.repeat([False, True], [len(item) for item in tables])")
    if spec.task == "classification":
        lines.append("    known = ~table[TARGET].str.lower().isin(MISSING).to_numpy()")
    else:
        lines.append(f"    known = np.isfinite(parsed_numbers(table[TARGET]{decimal}))")
    lines += ["    table = table[known]", "    arrays = {}"]
    if "text" in kinds:
        lines += [*_TEXT]
    lines += [line.replace("{decimal}", decimal) for line in _NUMERIC] if "numeric" in names else []
    lines += [*_CATEGORICAL] if "categorical" in names else []
    if spec.task == "regression":
        lines.append(f'    targets = parsed_numbers(table[TARGET]{decimal}).astype("float32")')
    else:
        cells = "class_words(table[TARGET])" if _has_number_classes(spec) else "table[TARGET]"
        lines.append("    index = {name: number for number, name in enumerate(CLASS_NAMES)}")
        lines.append(f'    targets = np.array([index[word] for word in {cells}], dtype="int32")')
    return [*lines, f"    return {given.values('arrays').replace('is_test', 'is_test[known]')}"]


_TEXT = (
    "    length = SEQUENCE_LENGTH",
    "    vectorize = layers.TextVectorization(vocabulary=VOCABULARY[2:], output_sequence_length=length)",
    '    arrays["tokens"] = np.asarray(vectorize(table[TEXT_COLUMN].tolist())).astype("int32")',
)
_NUMERIC = (
    "    columns = []",
    '    for name, mean in zip(COLUMNS["numeric_columns"], COLUMNS["means"], strict=True):',
    "        numbers = parsed_numbers(table[name]{decimal})",
    "        columns.append(np.where(np.isnan(numbers), mean, numbers))",
    '    arrays["numeric"] = np.stack(columns, axis=1).astype("float32")',
)
_CATEGORICAL = (
    "    columns = []",
    '    for name in COLUMNS["categorical_columns"]:',
    "        # The first index of a column stands for every value that is not listed.",
    '        first = COLUMNS["offsets"][name]',
    '        index = {value: first + 1 + place for place, value in enumerate(COLUMNS["categories"][name])}',
    "        columns.append([index.get(value, first) for value in table[name]])",
    '    arrays["categorical"] = np.array(columns, dtype="int32").T',
)
