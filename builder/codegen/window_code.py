"""The code of samples that are windows of one long series or text, whose parts follow each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.codegen.layout import constant, literal, source
from builder.codegen.loading import Beside, Reading, not_code, sample_facts
from builder.codegen.script_parts import Part
from builder.codegen.split_code import batches_source
from builder.codegen.table_code import read_table_imports, read_table_source
from builder.codegen.text_code import lines_reading, text_function, tokenizer_constants, tokens_function
from builder.data.columns import parsed_numbers
from builder.data.partition import cut
from builder.data.spec import DataSpec
from builder.data.windows import series_windows, token_windows, window_parts
from builder.project import NO_COLUMN, DataRecipe

_LOAD_SERIES = '''\
def load_data(path):
    """Return the channels at every moment, in the order of time; a gap holds what was last known."""
    table = read_table(path.read_bytes())
    series = np.stack([parsed_numbers(table[name]{decimal}) for name in CHANNELS], axis=1)
    return pd.DataFrame(series.astype("float32")).ffill().bfill().to_numpy()'''

_SPLIT_SERIES = '''\
def split_windows(moments, count):
    """Return the windows of each part; {words} lies wholly within the part."""
    rows = cut(np.arange(moments), VALIDATION, TEST)
    edges = {name: (part[0], part[-1] + 1) for name, part in zip(PARTS, rows, strict=True)}
    last = WINDOWS["length"] + WINDOWS["horizon"] - 1
    return window_parts(edges, {first}, last, count, WINDOWS["stride"]).values()'''

_PARAGRAPHS = '''\
def read_texts(path):
    """Return the paragraphs of a text file; empty lines part them."""
    lines = [line.strip() for line in read_lines(path)]
    return [text for text in re.split(r"\\n{2,}", "\\n".join(lines).strip()) if text]'''

_LINES = '''\
def read_texts(path):
    """Return the lines of a text file that are not empty."""
    lines = [line.strip() for line in read_lines(path)]
    return [line for line in lines if line]'''

_COLUMN = '''\
def read_texts(path):
    """Return the texts in a column of a CSV file."""
    return read_table(path.read_bytes())[TEXT_COLUMN].tolist()'''

LOAD_TEXT = '''\
def load_data(path):
    """Return the tokens of all texts, packed into one long row, and where each text ends."""
    tokens = [tokens_of(f"{text}\\n\\n") if text else [] for text in read_texts(path)]
    return np.concatenate(tokens).astype("int32"), np.cumsum([len(text) for text in tokens])'''

_SPLIT_TEXT = '''\
def split_windows(ends, count):
    """Return the pieces of each part, which follow each other in the text; none reaches into the next."""
    borders = np.array([0, *ends])
    rows = cut(np.arange(len(ends)), VALIDATION, TEST)
    edges = {name: (borders[part[0]], borders[part[-1] + 1]) for name, part in zip(PARTS, rows, strict=True)}
    return window_parts(edges, 0, WINDOWS["length"], count, WINDOWS["stride"]).values()'''


def forecast_parts(recipe: DataRecipe, spec: DataSpec) -> list[Part]:
    """Return the parts that read a series, and cut it into windows whose parts follow each other.

    Raises:
        BuilderError: ``not_code`` where a column of time sorts the rows.
    """
    if recipe.split_settings()["time_column"] != NO_COLUMN:
        raise not_code("rows sorted by a column of time")
    (item,) = spec.inputs
    is_forecast = spec.task == "forecasting"
    first = ["# The first channel is the one to foretell."] if is_forecast else []
    decimal = ", decimal_comma=True" if spec.reading.get("decimal") == "," else ""
    reading = Part(
        "The data",
        "The script reads a CSV file whose rows are moments in time, one after the other.",
        imports=("import numpy as np", *read_table_imports(spec)),
        constants=(*first, *constant("CHANNELS", item.settings["columns"])),
        definitions=(
            read_table_source(spec),
            source(parsed_numbers),
            _LOAD_SERIES.replace("{decimal}", decimal),
        ),
        steps=("series = load_data(path)",),
    )
    windows = _windows_part(
        recipe,
        spec,
        (source(series_windows), _split_series(is_forecast)),
        (
            "past, targets = series_windows(series, series[:, 0], WINDOWS)",
            f'arrays = {{"{item.arrays[0].name}": past}}',
            "train, validation, test = split_windows(len(series), len(targets))",
        ),
    )
    return [reading, windows]


def _split_series(is_forecast: bool) -> str:
    """Return the code of a split in which targets, or windows without any, lie within one part."""
    words, first = ("what they foretell", 'WINDOWS["length"]') if is_forecast else ("each", "0")
    return _SPLIT_SERIES.replace("{words}", words).replace("{first}", first)


def language_parts(recipe: DataRecipe, spec: DataSpec, beside: Beside) -> list[Part]:
    """Return the parts that read texts as one long row of tokens, and cut it into pieces."""
    (item,) = spec.inputs
    texts, vocabulary = texts_reading(recipe, spec), tokenizer_constants(item, beside)
    functions = tokens_function(item)
    reading = Part(
        "The data",
        "All texts stand in one long row of tokens, so that no place of a batch is empty.",
        imports=("import numpy as np", *texts.imports, *vocabulary.imports, *functions.imports),
        constants=(*texts.constants, *vocabulary.constants, *functions.constants),
        definitions=(*texts.definitions, *functions.definitions, text_function(item), LOAD_TEXT),
        steps=("tokens, ends = load_data(path)",),
    )
    windows = _windows_part(
        recipe,
        spec,
        (source(token_windows), _SPLIT_TEXT),
        (
            "pieces, targets = token_windows(tokens, WINDOWS)",
            f'arrays = {{"{item.arrays[0].name}": pieces}}',
            "train, validation, test = split_windows(ends, len(targets))",
        ),
    )
    return [reading, windows]


def text_words(recipe: DataRecipe) -> str:
    """Return what a script of a language model takes as its data, in words."""
    return "a CSV file" if _format(recipe) == "csv" else "a text file"


def _format(recipe: DataRecipe) -> str:
    return str(sample_facts(recipe).get("format", recipe.source.get("kind")))


def texts_reading(recipe: DataRecipe, spec: DataSpec) -> Reading:
    """Return the code of ``read_texts``, which returns the texts of a file."""
    if _format(recipe) == "csv":
        column = f"TEXT_COLUMN = {literal(spec.inputs[0].settings['column'])}"
        return Reading(read_table_imports(spec), (read_table_source(spec), _COLUMN), (column,))
    lines = lines_reading(spec)
    if sample_facts(recipe) or recipe.source.get("unit") == "paragraph":
        return Reading(("import re", *lines.imports), (*lines.definitions, _PARAGRAPHS))
    return Reading(lines.imports, (*lines.definitions, _LINES))


def _windows_part(
    recipe: DataRecipe, spec: DataSpec, definitions: tuple[str, ...], steps: tuple[str, ...]
) -> Part:
    split: Mapping[str, Any] = recipe.split_settings()
    return Part(
        "Training, validation and test",
        "The parts follow each other, so that nothing of a later one is known in an earlier one.",
        imports=("import keras", "import numpy as np"),
        constants=(
            *constant("WINDOWS", dict(spec.windows)),
            'PARTS = ("train", "validation", "test")',
            f"VALIDATION, TEST = {split['validation']}, {split['test']}",
        ),
        definitions=(source(cut), source(window_parts), *definitions, batches_source()),
        steps=(*steps, "training = Batches(arrays, targets, train)"),
    )
