"""The code that reads tables: their columns, what is to be predicted, and files that their cells name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from builder.codegen.folder_code import ALL_FILES, FileKind, opened_zip_code
from builder.codegen.label_code import label_reading
from builder.codegen.layout import INDENT, constant, formatted, literal, source
from builder.codegen.loading import COLUMNS_FILE, Beside, Loaded, Reading, not_code, sample_facts
from builder.codegen.picture_code import picture_files
from builder.codegen.sound_code import sound_files
from builder.codegen.text_code import input_tokens, tokens_reading
from builder.data.archives import list_files
from builder.data.columns import MISSING, parsed_numbers, to_numbers
from builder.data.linked import TABLES
from builder.data.number_marks import number_pattern, signed_pattern
from builder.data.signs import without_sign
from builder.data.spec import DataSpec, ModelInput
from builder.data.thousands import without_marks
from builder.project import DataRecipe

_TABLE_IN_ZIP = '''\
def table_in_zip(content):
    """Return the bytes of the one table in the bytes of a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        shown = [name for name in archive.namelist() if not re.search(r"(^|/)(\\.|__MACOSX)", name)]
        (name,) = [name for name in shown if name.lower().endswith({suffix})]
        return archive.read(name)'''

_CLASS_NUMBERS = '''\
def class_numbers(words, names):
    """Return the place of every word among the names of the classes."""
    index = {name: number for number, name in enumerate(names)}
    return np.array([index[word] for word in words], dtype="int32")'''

_CLASS_WORDS = '''\
def class_words(cells):
    """Return the classes as texts: whole numbers written alike, so that 1 and 1.0 are one class."""
    numbers = parsed_numbers(cells{decimal})
    # Larger whole numbers are not exact.
    whole = (numbers == np.round(numbers)) & (np.abs(numbers) < 1e15)
    triples = zip(cells, numbers, whole, strict=True)
    return [f"{number:.0f}" if is_whole else cell for cell, number, is_whole in triples]'''

_CHARACTER_NUMBERS = '''\
def character_numbers(texts):
    """Return texts as the numbers of their characters; 0 stands behind the end."""
    index = {character: number for number, character in enumerate(CLASS_NAMES)}
    numbers = np.zeros((len(texts), LONGEST), dtype="int32")
    for row, text in enumerate(texts):
        text = " ".join(text.split())
        numbers[row, : len(text)] = [index[character] for character in text]
    return numbers'''

_FEATURES = '''\
def all_features(arrays):
    """Return what the model is to give back: numbers scaled as in the model, categories as 0 or 1."""
    found = []
'''
_NUMERIC_FEATURES = """\
    deviations = np.sqrt(np.maximum(COLUMNS["variances"], 1e-12))
    found.append((arrays["numeric"] - np.array(COLUMNS["means"])) / deviations)
"""
_CATEGORICAL_FEATURES = """\
    count = sum(len(values) + 1 for values in COLUMNS["categories"].values())
    categories = np.zeros((len(arrays["categorical"]), count))
    np.put_along_axis(categories, arrays["categorical"].astype("int64"), 1.0, axis=1)
    found.append(categories)
"""

_LINKED_FILES = '''\
def linked_files(cells, files, decode, nothing):
    """Return what the files hold that cells name; ``nothing`` stands for a missing or broken one."""
    places = {}
    for name in files:
        last = Path(name)
        places |= {last.name.lower(): name, last.stem.lower(): name}
    places |= {name.lower(): name for name in files}
    found = {}
    for cell in set(cells):
        try:
            found[cell] = decode(files[places[cell.replace("\\\\", "/").removeprefix("./").lower()]])
        except (KeyError, OSError, RuntimeError, SyntaxError, ValueError) as error:
            print(f"The file '{cell}' is left out: {error!r}")
            found[cell] = nothing
    return np.stack([found[cell] for cell in cells])'''

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


class TableCode:
    """The code that reads a project's table.

    Args:
        recipe: where the data come from.
        spec: the description of the prepared data.
        given: what ``load_data`` returns besides arrays and targets.
        beside: code for the path of a file that lies beside the script.
    """

    def __init__(self, recipe: DataRecipe, spec: DataSpec, given: Loaded, beside: Beside) -> None:
        self.recipe, self.spec, self.given, self.beside = recipe, spec, given, beside
        self.decimal = ", decimal_comma=True" if spec.reading.get("decimal") == "," else ""
        self.facts = sample_facts(recipe)
        roles = recipe.roles or {}
        self.label_columns = [name for name, role in roles.items() if role == "target"]
        self.is_one_a_label = spec.predicts_labels and len(self.label_columns) > 1

    def reading(self) -> Reading:
        """Return the imports, the definitions, with ``load_data`` the last, and the constants."""
        parts = [*(self._input(item) for item in self.spec.inputs), self._targets()]
        lines = [
            "def load_data(path):",
            f'{INDENT}"""Return a table\'s columns as arrays by name, and its targets{self.given.words}."""',
            *self._table_lines(),
            *formatted(INDENT, f"known = {self._known()}"),
            "    table = table[known]",
            "    arrays = {}",
            *(line for item in self.spec.inputs for line in self._input_lines(item)),
            *self._target_lines(),
            *self._part_lines(),
            self.given.line("arrays"),
        ]
        code = "\n".join(line.replace("{decimal}", self.decimal) for line in lines)
        needs_numbers = "parsed_numbers(" in code or any(
            "parsed_numbers(" in item for part in parts for item in part.definitions
        )
        numbers = [source(parsed_numbers)] if needs_numbers else []
        own = [line for part in parts for line in part.definitions]
        return Reading(
            (*read_table_imports(self.spec), *(line for part in parts for line in part.imports)),
            (read_table_source(self.spec), *numbers, *own, code),
            tuple(line for part in parts for line in part.constants),
        )

    def _input(self, item: ModelInput) -> Reading:
        if item.kind == "text":
            tokens = tokens_reading(item, self.beside)
            column = f"TEXT_COLUMN = {literal(item.settings['column'])}"
            return Reading(tokens.imports, tokens.definitions, (column, *tokens.constants))
        if item.kind == "table":
            line = f'COLUMNS = json.loads({self.beside(COLUMNS_FILE)}.read_text("utf-8"))'
            return Reading(("import json", "from pathlib import Path"), (), (line,))
        decoding = _linked_kind(item).decoding
        imports = ("import io", "import zipfile", "from pathlib import Path", *decoding.imports)
        is_first = item is next(one for one in self.spec.inputs if "file_column" in one.settings)
        listing = (opened_zip_code(self.spec), ALL_FILES, _LINKED_FILES) if is_first else ()
        definitions = (*decoding.definitions, *listing)
        tables = constant("TABLES", TABLES[:3]) if is_first else []
        return Reading(imports, definitions, (*decoding.constants, *tables))

    def _input_lines(self, item: ModelInput) -> list[str]:
        if item.kind == "text":
            return input_tokens("table[TEXT_COLUMN].tolist()")
        if item.kind == "table":
            names = [array.name for array in item.arrays]
            return [
                *(_NUMERIC if "numeric" in names else ()),
                *(_CATEGORICAL if "categorical" in names else ()),
            ]
        kind, cells = _linked_kind(item), f"table[{literal(item.settings['file_column'])}]"
        nothing = 'np.zeros(IMAGE_SHAPE, dtype="uint8")'
        if item.kind == "audio":
            nothing = 'np.zeros(SAMPLES, dtype="int16")'
        call = f"linked_files({cells}, files, {kind.one}_of, {nothing})"
        return formatted(INDENT, f"arrays[{literal(kind.array)}] = {call}")

    def _table_lines(self) -> list[str]:
        if any("file_column" in item.settings for item in self.spec.inputs):
            self._check_linked_table()
            return [
                "    files = read_files(path)",
                "    (name,) = [name for name in files if name.lower().endswith(TABLES)]",
                "    table = read_table(files[name])",
            ]
        if "test_file" not in self.facts:
            return ["    table = read_table(path.read_bytes())"]
        names = literal((self.facts["file"], self.facts["test_file"]))
        lines = [
            *formatted(INDENT, f"tables = [read_table((path / name).read_bytes()) for name in {names}]"),
            "    table = pd.concat(tables, ignore_index=True)",
        ]
        if "is_test" in self.given.names:
            lines.append("    is_test = np.repeat([False, True], [len(item) for item in tables])")
        return lines

    def _check_linked_table(self) -> None:
        path = self.recipe.source.get("path")
        names = list_files(Path(path)).names if path else []
        if any(name.lower().endswith(TABLES[3:]) for name in names):
            raise not_code("a table in JSON Lines")

    def _known(self) -> str:
        if self.is_one_a_label:
            return (
                f"np.isfinite(np.stack([{self._numbers('table[name]')} for name in CLASS_NAMES])).all(axis=0)"
            )
        known = []
        for number, target in enumerate(self.spec.each_target):
            cells = _cells(target, number)
            if self._is_of_classes(target) or target.predicts_labels:
                known.append(f"~{cells}.str.lower().isin(MISSING).to_numpy()")
            else:
                known.append(f"np.isfinite({self._numbers(cells)})")
        return known[0] if len(known) == 1 else " & ".join(known)

    def _numbers(self, cells: str) -> str:
        return f"parsed_numbers({cells}{self.decimal})"

    def _is_of_classes(self, target: DataSpec) -> bool:
        return bool(target.class_names) and not target.predicts_labels or target.task == "reconstruction"

    def _targets(self) -> Reading:
        """Return what the code of the targets needs."""
        targets = self.spec.each_target
        labels = label_reading(self.spec, not self.is_one_a_label)
        definitions = [*labels.definitions]
        if any(self._names_are_numbers(target) for target in targets):
            definitions.append(_CLASS_WORDS.replace("{decimal}", self.decimal))
        if any(target.class_names and not target.predicts_labels for target in targets):
            is_text = self.spec.task == "transcription"
            definitions.append(_CHARACTER_NUMBERS if is_text else _CLASS_NUMBERS)
        if self.spec.task == "reconstruction":
            definitions.append(self._features())
        constants = [] if self.is_one_a_label else [f"TARGET = {literal(targets[0].target_name)}"]
        if self.spec.task == "transcription":
            constants.append(f"LONGEST = {self.spec.target_shape[0]}")
        if self.spec.task == "reconstruction":
            constants.append(f"NORMAL_CLASS = {literal(self.spec.anomaly['normal'])}")
        further = {
            target.target_name: list(target.class_names) for target in targets[1:] if target.class_names
        }
        constants += constant("FURTHER_CLASS_NAMES", further) if further else []
        uses_missing = not self.is_one_a_label and any(
            self._is_of_classes(target) or target.predicts_labels for target in targets
        )
        missing = constant("MISSING", MISSING) if uses_missing else []
        return Reading(labels.imports, tuple(definitions), (*constants, *labels.constants, *missing))

    def _features(self) -> str:
        names = [array.name for array in self.spec.inputs[0].arrays]
        return (
            _FEATURES
            + (_NUMERIC_FEATURES if "numeric" in names else "")
            + (_CATEGORICAL_FEATURES if "categorical" in names else "")
            + '    return np.concatenate(found, axis=1).astype("float32")'
        )

    def _target_lines(self) -> list[str]:
        if self.spec.task == "reconstruction":
            words = "class_words(table[TARGET])" if self._names_are_numbers(self.spec) else "table[TARGET]"
            return [
                "    targets = all_features(arrays)",
                f"    is_normal = np.array([word == NORMAL_CLASS for word in {words}])",
            ]
        if self.is_one_a_label:
            columns = f"[{self._numbers('table[name]')} for name in CLASS_NAMES]"
            return formatted(INDENT, f'targets = np.stack({columns}, axis=1).astype("float32")')
        if self.spec.predicts_labels:
            return [
                "    separator = separator_of(table[TARGET])",
                "    lists = [labels_of(cell, separator) for cell in table[TARGET]]",
                "    targets = multi_hot(lists, CLASS_NAMES)",
            ]
        values = [self._value(target, number) for number, target in enumerate(self.spec.each_target)]
        joined = values[0] if len(values) == 1 else f"({', '.join(values)})"
        return formatted(INDENT, f"targets = {joined}")

    def _value(self, target: DataSpec, number: int) -> str:
        cells = _cells(target, number)
        if target.task == "transcription":
            return f"character_numbers({cells})"
        if not target.class_names:
            return f'{self._numbers(cells)}.astype("float32")'
        words = f"class_words({cells})" if self._names_are_numbers(target) else cells
        names = f"FURTHER_CLASS_NAMES[{literal(target.target_name)}]" if number else "CLASS_NAMES"
        return f"class_numbers({words}, {names})"

    def _names_are_numbers(self, target: DataSpec) -> bool:
        """Tell whether the classes are numbers; of labels each is taken as it is written."""
        names: Sequence[str] = target.class_names
        if target.task == "reconstruction":
            names = [target.anomaly["normal"]]
        if target.predicts_labels or target.task == "transcription":
            return False
        numbers = to_numbers(pd.Series(names, dtype="str"), bool(self.decimal))
        return bool(names) and bool(np.isfinite(numbers).all())

    def _part_lines(self) -> list[str]:
        """Return the code of which rows are test rows and which belong together."""
        lines = []
        if "is_test" in self.given.names:
            column = self.facts.get("test_column")
            chosen = f'(table[{literal(column)}] == "test").to_numpy()' if column else "is_test[known]"
            lines.append(f"    is_test = {chosen}")
        if "groups" in self.given.names:
            lines.append(group_line(self.recipe))
        return lines


def group_line(recipe: DataRecipe) -> str:
    """Return the statement that gives rows of one group the same number."""
    column = literal(recipe.split_settings()["group_column"])
    return f'    groups = pd.util.hash_array(table[{column}].to_numpy(dtype="object"))'


def table_files(item: ModelInput) -> dict[str, str]:
    """Return the file that tells a table's columns, as name and text."""
    return {COLUMNS_FILE: json.dumps(dict(item.settings), indent=1, ensure_ascii=False) + "\n"}


def _linked_kind(item: ModelInput) -> FileKind:
    return picture_files(item) if item.kind == "image" else sound_files(item)


def _cells(target: DataSpec, number: int) -> str:
    return f"table[{literal(target.target_name)}]" if number else "table[TARGET]"


def read_table_imports(spec: DataSpec) -> tuple[str, ...]:
    """Return the imports that ``read_table`` needs."""
    zipped = ("import re", "import zipfile") if "zipped" in spec.reading else ()
    signed = ("import re",) if "signs" in spec.reading else ()
    return ("import csv", "import gzip", "import io", "import pandas as pd", *zipped, *signed)


def read_table_source(spec: DataSpec) -> str:
    """Return the source of ``read_table``, which leaves out the rows that the studio leaves out."""
    reading = spec.reading
    options = {"delimiter": reading.get("sep"), "quoting": reading.get("quoting")}
    items = ["stream", *(f"{key}={literal(value)}" for key, value in options.items() if value is not None)]
    encoding = reading.get("encoding", "utf-8-sig")
    has_header = reading.get("header", 0) is not None
    lines = [
        "def read_table(content):",
        '    """Return the rows of a CSV file as text; those of another length are left out."""',
        *(["    content = table_in_zip(content)"] if "zipped" in reading else []),
        '    content = gzip.decompress(content) if content.startswith(b"\\x1f\\x8b") else content',
        f'    stream = io.StringIO(content.decode({literal(encoding)}, "replace"), newline="")',
        f"    rows = [[cell.strip() for cell in row] for row in csv.reader({', '.join(items)}) if row]",
    ]
    if "names" in reading:
        lines += formatted(INDENT, f"names = {literal(list(reading['names']))}")
        lines += ["    rows = rows[1:]"] if has_header else []
    else:
        lines.append("    names, *rows = rows")
    lines += [
        "    good = [row for row in rows if len(row) == len(names)]",
        '    table = pd.DataFrame(good, columns=names, dtype="str")',
        *(_bare_numbers(reading["signs"]) if "signs" in reading else []),
        *(_plain_numbers(reading["thousands"]) if "thousands" in reading else []),
        "    return table",
    ]
    parts = []
    if "zipped" in reading:
        parts.append(_TABLE_IN_ZIP.replace("{suffix}", literal(reading["zipped"])))
    if "signs" in reading:
        parts += [source(signed_pattern), source(without_sign)]
    if "thousands" in reading:
        parts += [source(number_pattern), source(without_marks)]
    return "\n\n\n".join([*parts, "\n".join(lines)])


def _bare_numbers(signs: Mapping[str, str]) -> list[str]:
    return [
        "    # The signs beside the numbers, such as those of a currency.",
        *formatted(INDENT, f"signs = {literal(signs)}"),
        "    for name, sign in signs.items():",
        "        table[name] = without_sign(table[name], sign)",
    ]


def _plain_numbers(thousands: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        "    # The marks between thousands, and before decimals, in columns of numbers.",
        *formatted(INDENT, f"marks = {literal({name: tuple(found) for name, found in thousands.items()})}"),
        "    for name, found in marks.items():",
        "        table[name] = without_marks(table[name], *found)",
    ]
