"""Files and recipes that the tests of the data share."""

import zipfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import pytest
from making import sample_source

from builder.data.prepare import Prepared, prepare
from builder.data.profile import propose

Write = Callable[..., Path]


@pytest.fixture
def csv_file(tmp_path: Path) -> Write:
    """Write text or bytes as a CSV file and return its path."""

    def write(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def zip_file(tmp_path: Path) -> Write:
    """Write a zip from {path: bytes} and return its path."""

    def write(members: Mapping[str, bytes], name: str = "pictures.zip") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return path

    return write


@pytest.fixture(scope="session")
def prepared_sample(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Prepared]:
    """Prepare a bundled sample as proposed, once for all tests."""
    cache = tmp_path_factory.mktemp("prepared")

    @lru_cache
    def make(name: str) -> Prepared:
        return prepare(propose(sample_source(name)), cache)

    return make
