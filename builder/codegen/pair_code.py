"""The code that reads pairs of texts: one that is read, and one that is written."""

from __future__ import annotations

from builder.codegen.layout import literal, source
from builder.codegen.loading import Beside, Loaded, Reading, not_code
from builder.codegen.table_code import group_line, read_table_imports, read_table_source
from builder.codegen.text_code import input_tokens, text_function, tokens_reading
from builder.data.prepare_pairs import END_TOKEN, START_TOKEN, shifted
from builder.data.spec import DataSpec
from builder.project import DataRecipe


def read_pairs(recipe: DataRecipe, spec: DataSpec, given: Loaded, beside: Beside) -> Reading:
    """Return the code that reads texts and their answers as tokens.

    Raises:
        BuilderError: ``not_code`` for test rows in a file of their own.
    """
    if "is_test" in given.names:
        raise not_code("test rows of pairs in a file of their own")
    read, written = spec.inputs
    prefix = next((name for name, role in recipe.roles.items() if role == "prefix"), None)
    tokens = tokens_reading(read, beside)
    lines = [
        "def load_data(path):",
        f'    """Return texts with answers one token behind, the whole answers{given.words}."""',
        "    table = read_table(path.read_bytes())",
        '    table = table[(table[TEXT_COLUMN] != "") & (table[TARGET] != "")]',
        "    texts = table[TEXT_COLUMN]",
        *([f'    texts = (table[{literal(prefix)}] + " " + texts).str.strip()'] if prefix else []),
        "    read, targets = shifted(token_ids(table[TARGET].tolist(), TARGET_LENGTH))",
        "    arrays = {}",
        *input_tokens("texts.tolist()"),
        f'    arrays["{written.arrays[0].name}"] = read',
        *([group_line(recipe)] if "groups" in given.names else []),
        given.line("arrays"),
    ]
    definitions = (read_table_source(spec), *tokens.definitions, text_function(read), source(shifted))
    return Reading(
        (*read_table_imports(spec), *tokens.imports),
        (*definitions, "\n".join(lines)),
        (
            f"TEXT_COLUMN, TARGET = {literal(read.settings['column'])}, {literal(spec.target_name)}",
            f"TARGET_LENGTH = {written.settings['sequence_length']}",
            "# The tokens around an answer.",
            f"START_TOKEN, END_TOKEN = {START_TOKEN}, {END_TOKEN}",
            *tokens.constants,
        ),
    )
