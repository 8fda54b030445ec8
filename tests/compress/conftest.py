"""The bundled digits, a few hundred to train on, for every method's tests."""

from dataclasses import replace

import pytest

from builder.data.prepare import prepare
from builder.project import DataRecipe


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    recipe = DataRecipe({"kind": "sample", "name": "digits"})
    prepared = prepare(recipe, tmp_path_factory.mktemp("prepared"))
    few = {
        "train": prepared.indices["train"][:300],
        "validation": prepared.indices["validation"][:100],
        "test": prepared.indices["test"][:100],
    }
    return replace(prepared, indices=few)
