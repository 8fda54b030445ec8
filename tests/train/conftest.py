"""The bundled digits, prepared once, and a smaller copy of them for quick trainings."""

import pytest

from builder.data.prepare import prepare
from builder.project import DataRecipe


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    recipe = DataRecipe({"kind": "sample", "name": "digits"})
    prepared = prepare(recipe, tmp_path_factory.mktemp("prepared"))
    return prepared


@pytest.fixture(scope="session")
def houses(tmp_path_factory):
    recipe = DataRecipe({"kind": "sample", "name": "california_housing"}, task="regression")
    return prepare(recipe, tmp_path_factory.mktemp("prepared"))
