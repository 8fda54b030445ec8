"""Names of variables and functions in a script, none of which hides another."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Collection, Iterable

from builder.blocks import registry
from builder.data.preprocessing import INPUT_FUNCTIONS

_MODULES = (
    *("argparse", "csv", "gzip", "io", "json", "re", "zipfile"),
    *("keras", "layers", "np", "pd", "soundfile", "tf"),
)
_OTHERS = ("build_model", "build_generator", "build_discriminator", "layer_name", "model", "name", "number")


def reserved() -> set[str]:
    """Return the names that no variable and no function of a model may have."""
    carried = {item.__name__ for block in registry().values() for item in block.sources}
    return {*_MODULES, *_OTHERS, *dir(builtins), *keyword.kwlist, *carried, *INPUT_FUNCTIONS}


def free_name(wanted: str, taken: Collection[str]) -> str:
    """Return a name, with underscores behind it as long as it is taken."""
    while wanted in taken:
        wanted += "_"
    return wanted


def argument_names(wanted: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """Return for each of the texts a name of its own that an argument of a function can have."""
    found: dict[str, str] = {}
    for text in dict.fromkeys(wanted):
        plain = re.sub(r"\W+", "_", text).strip("_")
        name = plain if plain.isidentifier() else "setting"
        found[text] = free_name(name, {*taken, *found.values()})
    return found
