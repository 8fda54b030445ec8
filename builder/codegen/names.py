"""Names of variables and functions in a script, none of which hides another."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Collection

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
