"""The workspace follows the environment and never leads outside itself."""

from pathlib import Path

import pytest

from builder.errors import BuilderError
from builder.runs.workspace import Workspace, default_workspace


def test_the_environment_names_the_folder_and_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERABLOCKS_HOME", str(tmp_path / "home"))
    workspace = default_workspace()
    assert workspace.database_url == f"sqlite:///{tmp_path / 'home' / 'kerablocks.sqlite'}"
    assert workspace.prepared_folder == tmp_path / "home" / "prepared"
    monkeypatch.setenv("KERABLOCKS_DATABASE_URL", "postgresql+psycopg://server/kerablocks")
    assert default_workspace().database_url == "postgresql+psycopg://server/kerablocks"


def test_folders_exist_when_they_are_asked_for(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "home")
    run = workspace.run_folder("0a1b")
    for folder in (run, workspace.prepared_folder, workspace.uploads_folder, workspace.logs_folder):
        assert folder.is_dir()
    (run / "exports").mkdir()
    workspace.remove_run_folder("0a1b")
    assert not run.exists()


@pytest.mark.parametrize("run_id", ["..", "../other", "a/b", "", "A", "a\n", "x" * 41])
def test_an_id_cannot_lead_outside(tmp_path: Path, run_id: str) -> None:
    workspace = Workspace(tmp_path)
    for asked in (workspace.run_folder, lambda run_id: workspace.run_file(run_id, "model.keras")):
        with pytest.raises(BuilderError, match="not the id of a run"):
            asked(run_id)


def test_looking_for_a_file_of_a_run_makes_nothing(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert not workspace.run_file("0a1b", "model.keras").exists() and not list(tmp_path.iterdir())
    assert workspace.run_folder("0a1b") / "model.keras" == workspace.run_file("0a1b", "model.keras")


def test_a_place_that_cannot_be_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BuilderError, match="cannot be written"):
        _ = Workspace(tmp_path / "file").database_url
