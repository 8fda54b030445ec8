"""Every test works in a workspace of its own, never in the person's."""

import os

import pytest

# Before anything imports TensorFlow: its start-up notes are no test's business.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(autouse=True)
def workspace_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the product at an empty workspace and the default database."""
    monkeypatch.setenv("KERABLOCKS_HOME", str(tmp_path_factory.mktemp("workspace")))
    monkeypatch.delenv("KERABLOCKS_DATABASE_URL", raising=False)
