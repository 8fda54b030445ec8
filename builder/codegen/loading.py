"""What the code of every kind of data shares: what ``load_data`` returns, and the files beside the script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from builder.data.sources import sample
from builder.data.spec import DataSpec
from builder.errors import stop
from builder.project import DataRecipe

VOCABULARY_FILE = "vocabulary.txt"
TOKENIZER_FILE = "tokenizer.json"
COLUMNS_FILE = "columns.json"
LABEL_SETS_FILE = "label_sets.txt"
GIVEN, GROUP = "given", "group"
# From the name of a file beside the script to the code of its path.
Beside = Callable[[str], str]
_WORDS = {
    "is_test": "which are test rows",
    "groups": "what stays together",
    "is_normal": "which are normal",
}


@dataclass(frozen=True)
class Loaded:
    """What ``load_data`` returns besides arrays and targets, as the names of variables."""

    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """The end of a sentence that tells what is returned."""
        if not self.names:
            return ""
        *first, last = (_WORDS[name] for name in self.names)
        return "".join(f", {words}" for words in first) + f", and {last}"

    def line(self, arrays: str, kept: str = "") -> str:
        """Return the statement that returns everything; ``kept`` selects rows of what comes last."""
        others = [f"{name}{kept}" for name in self.names]
        return f"    return {', '.join([arrays, 'targets', *others])}"

    @property
    def variables(self) -> str:
        """What a program assigns the returned values to."""
        return ", ".join(["arrays", "targets", *self.names])


@dataclass(frozen=True)
class Reading:
    """The code that reads data: imports, definitions with ``load_data`` the last, and constants."""

    imports: tuple[str, ...]
    definitions: tuple[str, ...]
    constants: tuple[str, ...] = ()


def loaded(recipe: DataRecipe) -> Loaded:
    """Return what a project's ``load_data`` returns besides arrays and targets."""
    method = recipe.split_settings()["method"]
    names = {"is_test": method == GIVEN, "groups": method == GROUP}
    names["is_normal"] = recipe.task == "reconstruction"
    return Loaded(tuple(name for name, wanted in names.items() if wanted))


def not_code(what: str) -> Exception:
    """Return the error for something that a script cannot do yet."""
    message = (
        f"The project uses {what}, which cannot be written as a script yet. Export the model as a .keras "
        "file instead, or choose something else on the Data page."
    )
    return stop("not_code", message, field="source")


def sample_facts(recipe: DataRecipe) -> dict[str, Any]:
    """Return how the files of a bundled sample are read; nothing for other sources."""
    if recipe.source.get("kind") != "sample":
        return {}
    return dict(sample(recipe.source.get("name")).data)


def kinds_of(spec: DataSpec) -> set[str]:
    """Return the kinds of the data's inputs."""
    return {item.kind for item in spec.inputs}
